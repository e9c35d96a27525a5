/**
 * Finds the edges in PNG files and writes them as PNG files, with one worker and with one per core.
 *
 *   node build/examples/images.js [FILE.png…]      default: two dozen pictures that it draws first
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { ThreadPoolExecutor } from 'heddle';
import { PNG } from 'pngjs';

const PICTURES = 24;
const WIDTH = 320;
const HEIGHT = 240;

const folder = await mkdtemp(join(tmpdir(), 'heddle-images-'));

/** Rings around a centre that the seed chooses; returns the file's name. */
async function draw(seed: number): Promise<string> {
  const png = new PNG({ width: WIDTH, height: HEIGHT });
  const centre = { x: (seed * 67) % WIDTH, y: (seed * 41) % HEIGHT };
  for (let y = 0; y < HEIGHT; y++) {
    for (let x = 0; x < WIDTH; x++) {
      const distance = (x - centre.x) ** 2 + (y - centre.y) ** 2;
      const at = 4 * (y * WIDTH + x);
      png.data.set([(distance >> 6) & 255, (distance >> 5) & 255, (x * y) & 255, 255], at);
    }
  }
  const file = join(folder, `picture-${seed}.png`);
  await writeFile(file, PNG.sync.write(png));
  return file;
}

function brightness({ data, width, height }: PNG): Int32Array {
  const grey = new Int32Array(width * height);
  for (let i = 0; i < grey.length; i++) {
    const red = data[4 * i] as number;
    const green = data[4 * i + 1] as number;
    const blue = data[4 * i + 2] as number;
    grey[i] = (77 * red + 150 * green + 29 * blue) >> 8;
  }
  return grey;
}

/** Sobel's operator. */
function edgesOf(grey: Int32Array, width: number, height: number): PNG {
  const edges = new PNG({ width, height });
  const at = (x: number, y: number): number => grey[y * width + x] as number;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      let strength = 0;
      if (x > 0 && x < width - 1 && y > 0 && y < height - 1) {
        const left = at(x - 1, y - 1) + 2 * at(x - 1, y) + at(x - 1, y + 1);
        const right = at(x + 1, y - 1) + 2 * at(x + 1, y) + at(x + 1, y + 1);
        const above = at(x - 1, y - 1) + 2 * at(x, y - 1) + at(x + 1, y - 1);
        const below = at(x - 1, y + 1) + 2 * at(x, y + 1) + at(x + 1, y + 1);
        strength = Math.min(255, Math.abs(right - left) + Math.abs(below - above));
      }
      edges.data.set([strength, strength, strength, 255], 4 * (y * width + x));
    }
  }
  return edges;
}

/** Runs on a worker, with the functions, the imports and the folder that it uses. Returns a digest of the edges. */
async function findEdges(file: string): Promise<number> {
  const picture = PNG.sync.read(await readFile(file));
  const edges = edgesOf(brightness(picture), picture.width, picture.height);
  await writeFile(join(folder, `edges-of-${basename(file)}`), PNG.sync.write(edges));
  let digest = 0;
  for (const byte of edges.data) digest = (Math.imul(digest, 31) + byte) | 0;
  return digest >>> 0;
}

async function findAll(files: string[], maxWorkers: number) {
  const executor = new ThreadPoolExecutor({ maxWorkers });
  // The first picture of each worker also loads and compiles the code: that is not what is timed.
  await executor.broadcast(findEdges, files[0] as string);
  const start = performance.now();
  const digests = await executor.map(findEdges, files).toArray();
  const seconds = (performance.now() - start) / 1000;
  await executor.shutdown();
  return { digests, seconds };
}

try {
  const painters = new ThreadPoolExecutor();
  const seeds = Array.from({ length: PICTURES }, (_, i) => i + 1);
  const files = process.argv.length > 2 ? process.argv.slice(2) : await painters.map(draw, seeds).toArray();
  await painters.shutdown();

  const cores = availableParallelism();
  const one = await findAll(files, 1);
  const all = await findAll(files, cores);
  const digest = all.digests.reduce((sum, n) => (sum ^ n) >>> 0, 0);
  console.log(`${files.length} pictures, the edges ${digest.toString(16)}`);
  console.log(`1 worker: ${one.seconds.toFixed(2)} s`);
  console.log(`${cores} workers: ${all.seconds.toFixed(2)} s, ${(one.seconds / all.seconds).toFixed(2)} times as fast`);
  console.log(`the same edges: ${one.digests.every((n, i) => n === all.digests[i])}`);
} finally {
  await rm(folder, { recursive: true });
}

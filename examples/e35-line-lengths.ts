/** How long are the lines of heddle's own source? Kernels on the bytes of real files. */
import { readdirSync, readFileSync } from 'node:fs';
import { histogram, max, mean, sort, topK, unique } from 'heddle/parallel';

const files = readdirSync('lib', { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));

const all: number[] = [];
/** Where each line is, as its length lies in `all`. */
const places: string[] = [];
for (const name of files) {
  const bytes = readFileSync(`lib/${name}`);
  let line = 0;
  let start = 0;
  for (let end = bytes.indexOf('\n'); end >= 0; end = bytes.indexOf('\n', start)) {
    all.push(end - start);
    places.push(`lib/${name}:${++line}`);
    start = end + 1;
  }
}

const lengths = Uint32Array.from(all);
const [longest, average, { values, counts }, columns, top] = await Promise.all([
  max(lengths),
  mean(lengths),
  unique(lengths),
  histogram(lengths, { bins: [0, 30, 60, 90, 119] }),
  topK(lengths, 3),
]);
const sorted = await sort(lengths.slice());

console.log(`${lengths.length} lines in ${files.length} files`);
console.log(`mean ${average.toFixed(1)}, median ${sorted[sorted.length >> 1]}, longest ${longest}`);
console.log(`${values.length} different lengths, ${counts[values.indexOf(0)]} empty lines`);
columns.counts.forEach((count, i) => {
  const from = String(30 * i).padStart(3);
  const to = String(30 * (i + 1) - 1).padStart(3);
  const bar = '#'.repeat(Math.round((60 * count) / lengths.length));
  console.log(`from ${from} to ${to}: ${String(count).padStart(5)} ${bar}`);
});
top.indices.forEach((index, i) => {
  console.log(`${places[index]} has ${top.values[i]}`);
});

import { LONG_WARM_UP, nodePools, openHeddle, timePerItem } from '../harness/pools.mjs';

const KB = 1024;
const MB = 1024 * KB;
const sizes = [
  ['1 KB', KB],
  ['64 KB', 64 * KB],
  ['1 MB', MB],
  ['16 MB', 16 * MB],
];
const floors = [{ against: ['piscina', 'piscina tuned'], floor: 1.5, goal: 3 }];

/** Nanoseconds for bytes to go to a worker and come back changed. */
async function measure(open, { size, transferred }) {
  const pool = await open();
  let bytes = new Uint8Array(size).fill(1);
  bytes[size - 1] = 7;
  const roundTrips = async (count) => {
    for (let i = 0; i < count; i++) {
      const sent = bytes;
      const first = sent[0];
      bytes = transferred ? await pool.run('touchAndMove', sent, [sent.buffer]) : await pool.run('touch', sent);
      if (bytes.length !== size || bytes[0] !== ((first + 1) & 0xff) || bytes[size - 1] !== 7) {
        throw new Error(`${bytes.length} bytes came back, [${bytes[0]} … ${bytes[size - 1]}]`);
      }
      if (sent.length !== (transferred ? 0 : size)) throw new Error(`the sender is left with ${sent.length} bytes`);
    }
  };
  const figure = (await timePerItem(roundTrips, 10, 500, 10, LONG_WARM_UP)) * 1e6;
  await pool.close();
  return figure;
}

export default {
  title: 'a task that gets bytes and gives them back with one of them changed',
  work: 'One at a time for 0.5 s; copied both ways, or transferred, both ways, which leaves the sender with none.',
  unit: 'ns',
  variants: [false, true].flatMap((transferred) =>
    sizes.map(([name, size]) => ({
      name: `${name}, ${transferred ? 'transferred' : 'copied'}`,
      size,
      transferred,
      floors,
    })),
  ),

  heddle: (variant) => measure(openHeddle, variant),

  peers: nodePools(measure, () => ({ piscina: { threads: 1 } }), ['piscina']),
};

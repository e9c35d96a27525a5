/** The items that queues are measured with: how to make the i-th, and what to add up on the other side. */
/** Flat strings of 1 KB. */
const texts = Array.from({ length: 64 }, (_, i) => Buffer.alloc(1024, `${i} lines of text. `).latin1Slice());
const buffer = new Uint8Array(65536);

const makers = {
  int: (i) => i,
  object: (i) => ({ id: i, name: 'item', x: 0.5 }),
  string: (i) => texts[i & 63],
  buffer: (i) => {
    buffer[0] = i & 0x7f;
    return buffer;
  },
};

const weights = {
  int: (item) => item,
  object: (item) => item.id,
  string: (item) => item.length,
  buffer: (item) => item[0] + item.length,
};

export function itemOf(kind) {
  return makers[kind];
}

export function weightOf(kind) {
  return weights[kind];
}

/** What `count` items of a kind must add up to. */
export function totalOf(kind, count) {
  let sum = 0;
  for (let i = 0; i < count; i++) sum += weights[kind](makers[kind](i));
  return sum;
}

/** So many items go first where `count` are timed: until then V8 is compiling what up to eight isolates run. */
export function warmUpOf(count) {
  return 2 * count;
}

const ROUNDS = 20;

/** Has `work(n)` pass those. Not all at once, for what V8 has compiled for a loop that runs is not what it calls the next time. */
export function warmUp(work, count) {
  for (let round = 0; round < ROUNDS; round++) work(warmUpOf(count) / ROUNDS);
}

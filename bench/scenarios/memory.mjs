const LOCKS = 200_000;
const ITEMS = 1_000_000;

export default {
  title: 'resident memory for each lock and each queued item',
  work: `${LOCKS} locks kept in an array; ${ITEMS} integers, then as many { id, name, x } / 10, in an unbounded queue; and what is left of the memory when the integers are gone again: the engine keeps up to 16 MB at hand.`,
  unit: 'B',
  variants: [
    { name: 'lock', kind: 'lock' },
    { name: 'queued integer', kind: 'int', items: ITEMS },
    { name: 'queued { id, name, x }', kind: 'object', items: ITEMS / 10 },
    { name: 'left after 1 M items are taken', kind: 'left', items: ITEMS, floors: [{ atMost: 20, goal: 20 }] },
  ],

  async heddle({ kind, items }) {
    const { Lock, Queue } = await import('heddle');
    if (kind === 'lock') {
      const locks = new Array(LOCKS).fill(undefined);
      new Lock();
      const before = resident();
      for (let i = 0; i < LOCKS; i++) locks[i] = new Lock();
      const used = resident() - before;
      if (!locks[LOCKS - 1].tryAcquire()) throw new Error('a new lock is held');
      return used / LOCKS;
    }
    const queue = new Queue();
    const make = kind === 'object' ? (i) => ({ id: i, name: 'item', x: 0.5 }) : (i) => i;
    const cycle = (count) => {
      for (let i = 0; i < count; i++) queue.putNowait(make(i));
      for (let i = 0; i < count; i++) queue.getNowait();
    };
    cycle(10_000);
    const before = resident();
    for (let i = 0; i < items; i++) queue.putNowait(make(i));
    const full = resident() - before;
    for (let i = 0; i < items; i++) queue.getNowait();
    if (!queue.empty()) throw new Error('items are left');
    return Math.max(0, kind === 'left' ? resident() - before : full) / items;
  },
};

/** Resident bytes, without garbage of the JavaScript heap. */
function resident() {
  for (let i = 0; i < 3; i++) globalThis.gc();
  return process.memoryUsage.rss();
}

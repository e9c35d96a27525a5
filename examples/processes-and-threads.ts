/** Two processes with four threads each: one queue, one lock, one counter. */
import { currentProcess, Lock, Process, Queue, SharedArray, Thread } from 'heddle';

const ROUNDS = 1000;

const counter = new SharedArray('i', 1, { lock: false });
const lock = new Lock();
const queue = new Queue<string>();

function count(name: string) {
  for (let i = 0; i < ROUNDS; i++) {
    lock.acquireSync();
    try {
      // A read and a write, which only the lock holds together.
      counter.array[0] = (counter.array[0] as number) + 1;
    } finally {
      lock.release();
    }
  }
  queue.putSync(`${currentProcess().name} ${name}`);
}

async function fourThreads() {
  const threads = ['a', 'b', 'c', 'd'].map((name) => new Thread({ target: count, args: [name] }));
  for (const thread of threads) await thread.start();
  for (const thread of threads) await thread.join();
}

const children = ['one', 'two'].map((name) => new Process({ target: fourThreads, name }));
for (const child of children) await child.start();
for (const child of children) await child.join();
const finished = queue.qsize() === 0 ? [] : await queue.getMany(8);
for (const line of finished) console.log(line);
console.log(counter.array[0]);

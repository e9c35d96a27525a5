/** Threads that sum up ranges of numbers, each by itself. */
import { Thread } from 'heddle';

function counter(n: number) {
  let cnt = 0;
  for (let i = 0; i < n; i++) cnt += i;
  console.log(cnt);
}

const threads = [1000, 10_000, 100_000].map((n) => new Thread({ target: counter, args: [n] }));
for (const thread of threads) await thread.start();
for (const thread of threads) await thread.join();

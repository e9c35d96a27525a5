/** Pool.apply: one call at a time, although the pool has five threads. */
import { setTimeout as sleep } from 'node:timers/promises';
import { ThreadPool } from 'heddle';

const SECOND = 40;

async function func(i: number) {
  await sleep(1 * SECOND);
  console.log(`hello world ${i}`);
  return i;
}

const pool = new ThreadPool(5);
const results: number[] = [];
for (let i = 0; i < 10; i++) results.push(await pool.apply(func, [i]));
console.log(results.join(' '));

pool.close();
await pool.join();

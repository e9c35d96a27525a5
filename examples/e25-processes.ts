/** Pool.apply with processes: one call at a time, although the pool has five. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from 'heddle';

const SECOND = 40;

async function func(i: number) {
  await sleep(1 * SECOND);
  console.log(`hello world ${i}`);
  return i;
}

const pool = new Pool(5);
const results: number[] = [];
for (let i = 0; i < 10; i++) results.push(await pool.apply(func, [i]));
console.log(results.join(' '));

pool.close();
await pool.join();

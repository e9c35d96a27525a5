/** Pool.apply_async: a hundred tasks on five threads; callbacks run in the main thread. */
import { setTimeout as sleep } from 'node:timers/promises';
import { getIdent, ThreadPool } from 'heddle';

const SECOND = 30;

async function func(i: number) {
  await sleep(1 * SECOND);
  console.log(`hello world ${i}`);
  console.log(`-->PID ${i} ${getIdent()}`);
  return i;
}

function bar(i: number) {
  console.log(`-->callback > pid ${i} ${getIdent()}`);
}

console.log(`main ${getIdent()}`);
const pool = new ThreadPool(5);
for (let i = 0; i < 100; i++) pool.applyAsync(func, [i], { callback: bar });
console.log('end');

// Without these two the program would end here, and the tasks with it.
pool.close();
await pool.join();

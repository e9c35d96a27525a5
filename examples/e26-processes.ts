/** Pool.apply_async with processes: a hundred tasks on five; callbacks run in the parent. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from 'heddle';

const SECOND = 30;

async function func(i: number) {
  await sleep(1 * SECOND);
  console.log(`hello world ${i}`);
  console.log(`-->PID ${i} ${process.pid}`);
  return i;
}

function bar(i: number) {
  console.log(`-->callback > pid ${i} ${process.pid}`);
}

console.log(`main ${process.pid}`);
const pool = new Pool(5);
for (let i = 0; i < 100; i++) pool.applyAsync(func, [i], { callback: bar });
console.log('end');

// Without these two the program would end here, and the tasks with it.
pool.close();
await pool.join();

/** A thread without a pool: burns for each message, and says what came of it, NaN unless that was the same each time. */
import { parentPort } from 'node:worker_threads';
import { burn } from './pools/tasks.mjs';

parentPort.on('message', ({ tasks, rounds }) => {
  const result = burn(rounds);
  let right = 1;
  while (right < tasks && burn(rounds) === result) right++;
  parentPort.postMessage(right === tasks ? result : Number.NaN);
});

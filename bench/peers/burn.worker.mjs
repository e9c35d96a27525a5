/** A thread without a pool: burns for each message, and says when it is done. */
import { parentPort } from 'node:worker_threads';
import { burn } from './pools/tasks.mjs';

parentPort.on('message', ({ tasks, rounds }) => {
  for (let i = 0; i < tasks; i++) burn(rounds);
  parentPort.postMessage(0);
});

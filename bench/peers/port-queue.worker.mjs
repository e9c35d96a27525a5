/** The producing side of queue-async on a MessagePort. */
import { parentPort, workerData } from 'node:worker_threads';
import { PortQueue } from './port-queue.mjs';

const queue = new PortQueue(parentPort, workerData.places);
for (let i = 0; i < workerData.count / 10; i++) await queue.put(i);
await queue.get();
for (let i = 0; i < workerData.count; i++) await queue.put(i);
parentPort.unref();

/** E28: a child knows its parent. */
import { Process, parentProcess } from 'heddle';

const SECOND = 100;

async function processTest() {
  await new Promise((resolve) => setTimeout(resolve, 3 * SECOND));
  console.log('my multiprocessing test');
  console.log(`my pprocess id is ${parentProcess()?.pid}`);
}

console.log(`I am ${process.pid}`);
const child = new Process({ target: processTest });
await child.start();
await child.join();

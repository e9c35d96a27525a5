/** E28: a child knows its parent. */
import { Process, parentProcess } from 'heddle';

const SECOND = 100;

async function processTest(mine: number) {
  await new Promise((resolve) => setTimeout(resolve, 3 * SECOND));
  console.log('my multiprocessing test');
  console.log(`my pprocess id is ${process.ppid === mine && parentProcess()?.pid === mine ? 'right' : 'wrong'}`);
}

const child = new Process({ target: processTest, args: [process.pid] });
await child.start();
await child.join();

/** E27: three processes at once. */
import { Process } from 'heddle';

const SECOND = 100;

async function f(name: string) {
  await new Promise((resolve) => setTimeout(resolve, SECOND));
  console.log(`hello ${name}`);
}

const children: Process<[string]>[] = [];
for (let i = 0; i < 3; i++) {
  const child = new Process({ target: f, args: ['alvin'] });
  children.push(child);
  await child.start();
}
for (const child of children) await child.join();
console.log('end');

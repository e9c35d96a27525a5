/** E27: three processes at once. */
import { Process } from 'heddle';

const SECOND = 100;

/** As in C: `Sun Nov 29 17:42:50 2026`. */
function ctime(date: Date) {
  const [weekday, month, , year] = date.toDateString().split(' ');
  return `${weekday} ${month} ${String(date.getDate()).padStart(2)} ${date.toTimeString().slice(0, 8)} ${year}`;
}

async function f(name: string) {
  await new Promise((resolve) => setTimeout(resolve, SECOND));
  console.log(`hello ${name} ${ctime(new Date())}`);
}

const children: Process<[string]>[] = [];
for (let i = 0; i < 3; i++) {
  const child = new Process({ target: f, args: ['alvin'] });
  children.push(child);
  await child.start();
}
for (const child of children) await child.join();
console.log('end');

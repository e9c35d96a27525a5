/** Which words do heddle's own sources use most? A map over real files, on processes, one of which is killed at work. */
import { readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { ProcessPoolExecutor, Queue, WorkerLostError } from 'heddle';

async function countWords(name: string) {
  const counts = new Map<string, number>();
  for (const [word] of (await readFile(`lib/${name}`, 'latin1')).matchAll(/[a-z]{4,}/gi)) {
    const key = word.toLowerCase();
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return counts;
}

const files = readdirSync('lib', { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
const executor = new ProcessPoolExecutor({ maxWorkers: 2, namePrefix: 'reader' });

// What crashes takes its own process along, and nothing else.
const crashes = new Queue<number>();
const crash = executor.submit(() => {
  crashes.putSync(process.pid);
  process.kill(process.pid, 'SIGKILL');
});

const total = new Map<string, number>();
let read = 0;
for await (const counts of executor.map(countWords, files, { ordered: false, chunkSize: 4 })) {
  read++;
  for (const [word, count] of counts) total.set(word, (total.get(word) ?? 0) + count);
}
const error = await crash.exception();
await executor.shutdown();

const [first, second, third] = [...total].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
console.log(`${read} files, ${total.size} words`);
for (const [word, count] of [first, second, third] as [string, number][]) console.log(`${word} ${count}`);
console.log(`${crashes.qsize()} crash: ${error instanceof WorkerLostError ? error.message : 'unheard of'}`);

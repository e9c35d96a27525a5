/**
 * The demo: counts the words of real files with threads.
 *
 *   npm run demo [-- PATH…]      default: node_modules
 *
 *                       ┌──► consumer ──┐
 *   producer ──► Queue ─┼──► consumer ──┼──► one table, under a Lock
 *   walks        (bounded)   …          │
 *                       └──► consumer ──┘
 *
 * Done once with one consumer and once with one per core; both must find exactly the same.
 * Exit code 0: they do; 1: they do not, or a thread failed; 2: a PATH that cannot be read.
 */
import { existsSync, statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import cliProgress from 'cli-progress';
import { Barrier, engine, Lock, Queue, setExcepthook, Thread, Value } from 'heddle';
import { agree } from './agree.mjs';
import { consume, produce, survey } from './work.mjs';

const TOP = 10;

let failed = false;
setExcepthook(({ error, thread }) => {
  failed = true;
  console.error(`${thread.name} failed:`, error);
});

/** Counts with so many consumers: how long that takes, and the table of words. */
async function count(paths, consumers, files) {
  const queue = new Queue(4 * consumers);
  const table = new Queue(1);
  const lock = new Lock();
  const progress = new Value('i', 0);
  // All threads and this one set out together: what is measured is the work, not the making of isolates.
  const starting = new Barrier(consumers + 2);
  await table.put(new Map());

  const bar = new cliProgress.SingleBar({
    format: `  ${consumers} ${consumers === 1 ? 'thread ' : 'threads'} {bar} {value}/{total} files`,
    hideCursor: true,
    clearOnComplete: true,
  });
  const redraw = setInterval(() => bar.update(progress.value), 100);
  bar.start(files, 0);

  // Fresh isolates: neither run has the other's compiled code.
  const producer = new Thread({ name: 'producer', target: produce, args: [paths, queue, starting], fresh: true });
  const threads = Array.from(
    { length: consumers },
    (_, i) =>
      new Thread({
        name: `consumer-${i + 1}`,
        target: consume,
        args: [queue, table, lock, progress, starting],
        fresh: true,
      }),
  );
  for (const thread of [producer, ...threads]) await thread.start();
  await starting.wait();
  const began = performance.now();
  for (const thread of [producer, ...threads]) await thread.join();
  const seconds = (performance.now() - began) / 1000;

  clearInterval(redraw);
  bar.stop();
  return { seconds, files: progress.value, words: failed ? new Map() : await table.get() };
}

function number(n) {
  return n.toLocaleString('en-US');
}

function row({ seconds }, consumers, megabytes, speedUp) {
  const threads = `${consumers} ${consumers === 1 ? 'thread' : 'threads'}`;
  console.log(
    `  ${threads.padEnd(12)}${seconds.toFixed(2).padStart(6)} s ${(megabytes / seconds).toFixed(1).padStart(7)} MB/s   ${speedUp.toFixed(2)}×`,
  );
}

/** What is wrong with a path, or undefined. */
function complaint(path) {
  if (!existsSync(path)) return `${path}: there is no such file or directory`;
  const stat = statSync(path);
  if (!stat.isFile() && !stat.isDirectory()) return `${path}: is neither a file nor a directory`;
  return undefined;
}

async function main(paths) {
  const complaints = paths.map(complaint).filter((text) => text !== undefined);
  if (complaints.length > 0) {
    for (const text of complaints) console.error(`demo: ${text}`);
    console.error('usage: npm run demo [-- PATH…]');
    return 2;
  }
  console.log(`Counting words in the text files under ${paths.join(', ')}`);
  console.log(`  engine      ${engine.name}${engine.refusals.length > 0 ? ` (${engine.refusals.join('; ')})` : ''}`);

  const files = new Value('i', 0);
  const bytes = new Value('d', 0);
  const surveyor = new Thread({ name: 'surveyor', target: survey, args: [paths, files, bytes] });
  await surveyor.start();
  await surveyor.join();
  if (failed) return 1;
  if (files.value === 0) {
    console.error('demo: there are no text files there');
    return 2;
  }
  const megabytes = bytes.value / 1e6;
  console.log(`  to read     ${number(files.value)} files, ${megabytes.toFixed(1)} MB\n`);

  const one = await count(paths, 1, files.value);
  if (failed) return 1;
  row(one, 1, megabytes, 1);
  const consumers = Math.max(2, availableParallelism());
  const many = await count(paths, consumers, files.value);
  if (failed) return 1;
  row(many, consumers, megabytes, one.seconds / many.seconds);

  const words = [...many.words].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1));
  const total = words.reduce((sum, [, times]) => sum + times, 0);
  console.log(`\n${number(total)} words, ${number(words.length)} different; the most frequent:`);
  for (const [word, times] of words.slice(0, TOP)) console.log(`  ${word.padEnd(14)} ${number(times).padStart(9)}`);

  if (!agree(one, many)) {
    console.error(
      `\nOne thread and ${consumers} threads DISAGREE: ${number(one.words.size)} and ${number(many.words.size)} different words in ${one.files} and ${many.files} files.`,
    );
    return 1;
  }
  console.log(`\nOne thread and ${consumers} threads agree exactly.`);
  return 0;
}

process.exitCode = await main(process.argv.length > 2 ? process.argv.slice(2) : ['node_modules']);

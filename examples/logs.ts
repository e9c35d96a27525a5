/**
 * A progress bar on a long `map`: log files are read by a pool, and the bar follows the results as they come.
 *
 *   node build/examples/logs.js [FILE…]     default: a month of logs that it writes first
 */

import { mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import cliProgress from 'cli-progress';
import { ThreadPoolExecutor } from 'heddle';

const DAYS = 30;
const LINES = 4000;
const STATUSES = [200, 200, 200, 200, 304, 404, 500];

interface Summary {
  requests: number;
  failures: number;
  bytes: number;
}

const folder = await mkdtemp(join(tmpdir(), 'heddle-logs-'));

/** A day of requests in the common log format. */
async function writeDay(day: number): Promise<string> {
  const lines: string[] = [];
  for (let i = 0; i < LINES; i++) {
    const client = `10.0.${(i * 7) % 256}.${(i * 13) % 256}`;
    const when = `${String(day).padStart(2, '0')}/Nov/2026:12:${String(i % 60).padStart(2, '0')}:00 +0000`;
    lines.push(
      `${client} - - [${when}] "GET /page/${i % 97} HTTP/1.1" ${STATUSES[(i + day) % STATUSES.length]} ${i % 5000}`,
    );
  }
  const file = join(folder, `access-${day}.log`);
  await writeFile(file, `${lines.join('\n')}\n`);
  return file;
}

/** Runs on a worker, line by line as the file streams in. */
async function summarise(file: string): Promise<Summary> {
  const summary = { requests: 0, failures: 0, bytes: 0 };
  const handle = await open(file);
  for await (const line of handle.readLines()) {
    const match = /" (\d{3}) (\d+)$/.exec(line);
    if (match === null) continue;
    summary.requests++;
    if (Number(match[1]) >= 500) summary.failures++;
    summary.bytes += Number(match[2]);
  }
  return summary;
}

try {
  const executor = new ThreadPoolExecutor();
  const days = Array.from({ length: DAYS }, (_, i) => i + 1);
  const files = process.argv.length > 2 ? process.argv.slice(2) : await executor.map(writeDay, days).toArray();

  const bar = new cliProgress.SingleBar({ format: '  {bar} {value}/{total} files, {eta} s to go', hideCursor: true });
  bar.start(files.length, 0);
  const total: Summary = { requests: 0, failures: 0, bytes: 0 };
  let done = 0;
  // In the order in which they are ready: a bar has no reason to wait for the slow ones.
  for await (const { requests, failures, bytes } of executor.map(summarise, files, { ordered: false })) {
    total.requests += requests;
    total.failures += failures;
    total.bytes += bytes;
    bar.update(++done);
  }
  bar.stop();
  await executor.shutdown();
  console.log(`${done} files: ${total.requests} requests, ${total.failures} failures, ${total.bytes} bytes`);
} finally {
  await rm(folder, { recursive: true });
}

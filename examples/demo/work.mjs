/** What the threads of the demo do. They find these functions by importing this module. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { QueueShutDownError } from 'heddle';

/** A batch holds at least so many bytes of files, so that what a queue costs does not count. */
const BATCH_BYTES = 512 * 1024;

/** As git does it: text is what has no NUL byte near its beginning. */
function isText(bytes) {
  return !bytes.subarray(0, 8000).includes(0);
}

/** Every file below `paths`, with its size; symbolic links are not followed. */
function* walk(paths) {
  for (const path of paths) {
    const stat = statSync(path);
    if (stat.isFile()) yield { path, size: stat.size };
    else if (stat.isDirectory()) yield* walkDirectory(path);
  }
}

function* walkDirectory(directory) {
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) yield* walkDirectory(path);
    else if (entry.isFile()) yield { path, size: statSync(path).size };
  }
}

/** Reads every file once: tells how much there is to do, and leaves the disk out of the comparison that follows. */
export function survey(paths, files, bytes) {
  for (const { path } of walk(paths)) {
    const content = readFileSync(path);
    if (!isText(content)) continue;
    files.add(1);
    bytes.add(content.length);
  }
}

/** The producer: walks the files and puts them on the queue in batches. Waits when the queue is full. */
export function produce(paths, queue, starting) {
  starting.waitSync();
  let batch = [];
  let size = 0;
  try {
    for (const file of walk(paths)) {
      batch.push(file.path);
      size += file.size;
      if (size < BATCH_BYTES) continue;
      queue.putSync(batch);
      batch = [];
      size = 0;
    }
    if (batch.length > 0) queue.putSync(batch);
  } finally {
    // Even if the walk fails: the consumers would wait for ever.
    queue.shutdown();
  }
}

/** A consumer: counts words until the queue is shut down and empty, then adds its counts to the table of all. */
export function consume(queue, table, lock, progress, starting) {
  starting.waitSync();
  const counts = new Map();
  for (;;) {
    let batch;
    try {
      batch = queue.getSync();
    } catch (error) {
      if (error instanceof QueueShutDownError) break;
      throw error;
    }
    for (const path of batch) {
      const content = readFileSync(path);
      if (!isText(content)) continue;
      countWords(content.toString('utf8'), counts);
      progress.add(1);
    }
  }
  lock.withLockSync(() => table.putSync(merge(table.getSync(), counts)));
}

/** Words are runs of letters, whatever the script; upper and lower case are the same word. */
function countWords(text, counts) {
  for (const word of text.toLowerCase().match(/\p{L}+/gu) ?? []) {
    counts.set(word, (counts.get(word) ?? 0) + 1);
  }
}

function merge(table, counts) {
  if (table.size < counts.size) return merge(counts, table);
  for (const [word, count] of counts) table.set(word, (table.get(word) ?? 0) + count);
  return table;
}

/**
 * Output of a thread that does not need anybody's event loop: written to the file descriptor, at once.
 *
 * A worker's `process.stdout` hands its chunks to the parent's event loop, so nothing appears while the
 * parent is blocked in a `Sync` call, and nothing at all when the process ends meanwhile. A process of heddle writes in
 * the same way where Node.js would keep back what a pipe has no room for, and lose it when the process ends by an error.
 */
import { fstatSync, writeSync } from 'node:fs';
import type { Writable } from 'node:stream';
import { isDenied } from '../engine/denied.js';
import { onDemand } from '../engine/on-demand.js';

const tty = onDemand<typeof import('node:tty')>('node:tty');

const sleeper = new Int32Array(new SharedArrayBuffer(4));

/** Writes all of `chunk`, waiting while the pipe or terminal behind `fd` is full. */
export function writeFully(fd: 1 | 2, chunk: Uint8Array): void {
  let written = 0;
  while (written < chunk.length) {
    try {
      written += writeSync(fd, chunk, written);
    } catch (error) {
      // The descriptor is in non-blocking mode (libuv does that to pipes) and its reader is slow.
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
      Atomics.wait(sleeper, 0, 0, 1);
    }
  }
}

type Done = (error?: Error | null) => void;

/** The methods by which a Writable passes on what was written to it; own properties win over the class's. */
interface Sink {
  _write(chunk: Uint8Array | string, encoding: BufferEncoding, done: Done): void;
  _writev(chunks: { chunk: Uint8Array | string; encoding: BufferEncoding }[], done: Done): void;
  _final(done: Done): void;
}

/** Makes a worker's stream write straight to its file descriptor. */
export function writeDirectly(stream: Writable, fd: 1 | 2): void {
  const write = (chunks: readonly (Uint8Array | string)[], encodings: readonly BufferEncoding[], done: Done): void => {
    try {
      for (const [i, chunk] of chunks.entries())
        writeFully(fd, typeof chunk === 'string' ? Buffer.from(chunk, encodings[i]) : chunk);
    } catch (error) {
      done(error as Error);
      return;
    }
    done();
  };
  const sink: Sink = {
    _write: (chunk, encoding, done) => write([chunk], [encoding], done),
    _writev: (chunks, done) =>
      write(
        chunks.map(({ chunk }) => chunk),
        chunks.map(({ encoding }) => encoding),
        done,
      ),
    _final: (done) => done(),
  };
  Object.assign(stream, sink);
  // Colours where the main thread has them.
  if (tty().isatty(fd)) {
    const { getColorDepth, hasColors } = tty().WriteStream.prototype;
    Object.assign(stream, { isTTY: true, getColorDepth, hasColors });
  }
}

/** Whether a pipe or socket is behind `fd`. */
function isPipe(fd: 1 | 2): boolean {
  try {
    const stat = fstatSync(fd);
    return stat.isFIFO() || stat.isSocket();
  } catch (error) {
    if (!isDenied(error)) throw error;
    return false;
  }
}

/** Has the streams of a process write straight to their pipes, each from its first use on. */
export function writeOwnDirectly(): void {
  // There a pipe is not to be written to like this.
  if (process.platform === 'win32') return;
  for (const [name, fd] of [
    ['stdout', 1],
    ['stderr', 2],
  ] as const) {
    const own = Object.getOwnPropertyDescriptor(process, name);
    if (own?.get === undefined || !isPipe(fd)) continue;
    let stream: Writable | undefined;
    const get = (): Writable => {
      if (stream === undefined) {
        stream = own.get?.call(process) as Writable;
        writeDirectly(stream, fd);
      }
      return stream;
    };
    Object.defineProperty(process, name, { ...own, get });
  }
}

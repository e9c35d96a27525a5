/**
 * SharedMemory: bytes under a name, which unrelated processes share. Python: `multiprocessing.shared_memory.SharedMemory`.
 *
 * These are what Python has under the same name on each system (on Linux the files of /dev/shm), and processes of both can
 * share one. The native engine maps them (`engine.supports.namedSharedMemory`); JavaScript alone cannot. Who creates one
 * is answerable for it: when its process ends the name is taken away, on Linux by whatever death, on macOS when it ends by
 * itself, unless it was made with `track: false`. On Windows a name lasts for as long as somebody has it open.
 */
import { getSystemErrorMap } from 'node:util';
import { markShared, registerClass } from '../codec/codec.js';
import { requireBoolean, requireOptions, show } from '../engine/arguments.js';
import type { Segments } from '../engine/engine.js';
import { engine } from '../engine/select.js';
import { EngineUnavailableError, InvalidStateError } from '../errors.js';

/** Options of `SharedMemory`. */
export interface SharedMemoryOptions {
  /** Its name, without a slash. Default, with `create`: one that nobody has, `psm_…`. */
  name?: string | undefined;
  /** true makes it, false, the default, attaches to one that is there. */
  create?: boolean | undefined;
  /** Bytes to make it of; it may turn out longer. Not looked at when attaching. */
  size?: number | undefined;
  /** Whether its name is taken away when the process that creates it ends (on Windows it always is). Default: true. */
  track?: boolean | undefined;
}

function segments(): Segments {
  if (engine.segments !== undefined) return engine.segments;
  throw new EngineUnavailableError(
    'SharedMemory needs the native engine: engine.supports.namedSharedMemory is false here, and engine.refusals says why. Between threads a SharedArray does the same',
  );
}

/** An error as Node's own calls throw them: `code`, `errno`, `syscall`, `path`. */
function systemError(errno: number, syscall: string, name: string, hint = ''): Error {
  const [code, message] = getSystemErrorMap().get(errno) ?? [`E${-errno}`, 'unknown error'];
  const error = new Error(`${code}: ${message}, ${syscall} '${name}'${hint}`);
  return Object.assign(error, { errno, code, syscall, path: name });
}

const EXISTS = 'EEXIST';
const NO_SPACE = 'ENOSPC';
const codeOf = (errno: number): string | undefined => getSystemErrorMap().get(errno)?.[0];

function checkedName(name: unknown): string {
  if (typeof name !== 'string') throw new TypeError(`name must be a string, got ${show(name)}`);
  const bare = name.startsWith('/') ? name.slice(1) : name;
  // The tracker keeps its list by lines.
  if (/[/\0\n\r]/.test(bare) || bare === '' || bare === '.' || bare === '..') {
    throw new RangeError(`name must be a file name without slashes, NULs and line breaks, got ${show(name)}`);
  }
  return bare;
}

/** What V8 and the address space bear. */
const MOST_BYTES = Number.MAX_SAFE_INTEGER;

function checkedSize(size: unknown): number {
  if (typeof size !== 'number') throw new TypeError(`size must be a number of bytes, got ${show(size)}`);
  if (!Number.isInteger(size) || size < 1 || size > MOST_BYTES)
    throw new RangeError(`size must be an integer of at least 1, in bytes, got ${size}`);
  return size;
}

/** `node:crypto` is loaded only now: every thread loads this file. */
function newName(): string {
  return `psm_${Buffer.from(crypto.getRandomValues(new Uint8Array(4))).toString('hex')}`;
}

function create(name: string | undefined, size: number, track: boolean): { name: string; buffer: ArrayBuffer } {
  for (;;) {
    const chosen = name ?? newName();
    const buffer = segments().create(chosen, size, track);
    if (typeof buffer !== 'number') return { name: chosen, buffer };
    const code = codeOf(buffer);
    if (code === EXISTS && name === undefined) continue;
    let hint = '';
    if (code === EXISTS) hint = '; attach to it without `create: true`, or choose another name';
    else if (code === NO_SPACE) hint = `; /dev/shm has no room for ${size} bytes`;
    throw systemError(buffer, 'shm_open', chosen, hint);
  }
}

function attach(name: string): ArrayBuffer {
  const buffer = segments().attach(name);
  if (typeof buffer !== 'number') return buffer;
  throw systemError(buffer, 'shm_open', name, codeOf(buffer) === 'ENOENT' ? '; `create: true` makes one' : '');
}

/**
 * Bytes that processes share by a name, related or not. `buf` shows them; writes are seen by everybody at once,
 * and are not ordered by anything but what you use to order them (a Lock between threads and processes of one
 * program, `Atomics` on a typed array over `buf.buffer` between others).
 *
 * It travels, to threads and over connections, by its name: the other side attaches to it.
 *
 * Python: `multiprocessing.shared_memory.SharedMemory`.
 *
 * @example
 * ```ts
 * import { engine, SharedMemory } from 'heddle';
 *
 * if (engine.supports.namedSharedMemory) {
 *   using memory = new SharedMemory({ create: true, size: 1024 });
 *   const again = new SharedMemory({ name: memory.name });
 *   again.buf[0] = 7;
 *   console.log(memory.buf[0] === 7);
 *   again.close();
 *   memory.unlink();
 * }
 * ```
 */
export class SharedMemory implements Disposable {
  /** Its name, without a slash. */
  readonly name: string;
  /** Its length in bytes: when attached to, as the system has it. */
  readonly size: number;
  #buf: Uint8Array<ArrayBuffer> | undefined;

  /**
   * @throws RangeError for a size below 1 or a name that cannot be one; errors as Node's file system has them, by `code`:
   * EEXIST when one to be created is there, ENOENT when one to attach to is not, ENOSPC when /dev/shm is full,
   * EACCES; EngineUnavailableError where the engine cannot map memory.
   */
  constructor(options: SharedMemoryOptions) {
    requireOptions('options', options);
    const { name, create: creates = false, size, track = true } = options ?? {};
    requireBoolean('create', creates);
    requireBoolean('track', track);
    const bare = name === undefined ? undefined : checkedName(name);
    let buffer: ArrayBuffer;
    if (creates) {
      ({ name: this.name, buffer } = create(bare, checkedSize(size), track));
    } else {
      if (bare === undefined) throw new TypeError('name must be given, unless `create: true` makes a new one');
      this.name = bare;
      buffer = attach(bare);
    }
    // A copy of it is never what was meant.
    markShared(buffer);
    this.#buf = new Uint8Array(buffer);
    this.size = buffer.byteLength;
  }

  /**
   * The bytes.
   *
   * @throws InvalidStateError once closed.
   */
  get buf(): Uint8Array<ArrayBuffer> {
    if (this.#buf === undefined) throw new InvalidStateError(`the shared memory '${this.name}' is closed`);
    return this.#buf;
  }

  /** True after `close()`. */
  get closed(): boolean {
    return this.#buf === undefined;
  }

  /**
   * Ends the use of it here: `buf` throws, and every view of it has no bytes left. Others, and the bytes
   * themselves, are not concerned. Closing twice is no error.
   */
  close(): void {
    const buffer = this.#buf?.buffer;
    this.#buf = undefined;
    if (buffer !== undefined) segments().detach(buffer);
  }

  /**
   * Takes its name away, once, by whoever is last to need it. Those who have it open keep it until they close it; its
   * memory is free again after that. On Windows, as in Python, nothing happens: the name goes with the last who has it open.
   *
   * @throws An error with code ENOENT when there is nothing of that name any more.
   */
  unlink(): void {
    const errno = segments().unlink(this.name);
    if (errno !== 0) throw systemError(errno, 'shm_unlink', this.name);
  }

  /** `close()`. */
  [Symbol.dispose](): void {
    this.close();
  }
}

registerClass<SharedMemory, string>(SharedMemory, {
  name: 'heddle:SharedMemory',
  encode: (memory) => memory.name,
  decode: (name) => new SharedMemory({ name }),
});

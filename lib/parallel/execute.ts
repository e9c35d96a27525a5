/**
 * Runs a call: at once and in TypeScript where it is tiny, natively on this thread where it is small,
 * else by the threads of the pool. Where there are none, in TypeScript, which lets the event loop run
 * every few milliseconds when the caller awaits it.
 *
 * All ways come to the same result, so nobody can tell which was taken.
 */
import { requireFunction } from '../engine/arguments.js';
import type { KernelOperands, Kernels } from '../engine/engine.js';
import { engine } from '../engine/select.js';
import { LONGEST_TIMER, signalOf } from '../engine/wait.js';
import { Kernel, KernelOutcome, SLICE_MS } from '../memory/layout.js';
import type { NumberArray } from '../shared/type-code.js';
import type { Call } from './call.js';
import { Control } from './control.js';
import { isGone } from './operands.js';

/** Options of every awaitable kernel. */
export interface KernelOptions {
  /**
   * Stops the kernel; the promise then rejects with `signal.reason`, once no thread works on the arrays any
   * more. What the arrays written to contain then is unspecified.
   */
  signal?: AbortSignal | undefined;
  /** Called now and then with the part of the work that is done, from 0 to 1, and with 1 at the end. */
  onProgress?: ((fraction: number) => void) | undefined;
}

/** Below, entering native code costs more than the work. Nanoseconds. */
const TINY = 1000;
/** Below, waking another thread costs more than it saves. Nanoseconds. */
const SMALL = 300_000;
/** How long TypeScript computes before the event loop gets its turn. Milliseconds. */
const TURN_MS = 8;
const PROGRESS_MS = 50;

const names = Object.fromEntries(Object.entries(Kernel).map(([name, code]) => [code, name.toLowerCase()]));

/** For calls that are over before another begins. */
const passing = new Control();

function operandsOf(call: Call<unknown>, control: Control): KernelOperands {
  return [call.kernel, control.words, call.a, call.b, call.out, call.out2];
}

function check(call: Call<unknown>, outcome: number): void {
  if (outcome === KernelOutcome.DONE) return;
  if (outcome === KernelOutcome.NO_MEMORY) throw new RangeError(`no memory for the buffers of ${names[call.kernel]}`);
  throw new TypeError(`the arrays do not fit ${names[call.kernel]} (outcome ${outcome})`);
}

/** Natively, on this thread. */
export function runAlone<R>(kernels: Kernels, call: Call<R>): R {
  passing.prepare(call.parameters);
  check(call, kernels.run(...operandsOf(call, passing)));
  return call.result(passing);
}

/** In TypeScript. */
export function runScripted<R>(call: Call<R>): R {
  passing.prepare(call.parameters);
  for (const _ of call.steps(passing)) passing.step();
  return call.result(passing);
}

let lastNumber = 0;
function nextNumber(): number {
  lastNumber = (lastNumber + 1) & 0x7fffffff;
  return lastNumber;
}

/** One slice of waiting. A call of its own: entering a function is where V8 notices terminate(). */
function waitSlice(kernels: Kernels, number: number): boolean {
  return kernels.wait(number, SLICE_MS);
}

/** By the threads of the pool, while this one takes part. */
export function runPooled<R>(kernels: Kernels, call: Call<R>): R {
  const control = new Control();
  control.prepare(call.parameters);
  const number = nextNumber();
  kernels.start(...operandsOf(call, control), number, false);
  while (!waitSlice(kernels, number));
  check(call, control.outcome);
  return call.result(control);
}

/** The result of a call, at once. */
export function runSync<R>(call: Call<R>): R {
  const { kernels } = engine;
  if (kernels === undefined || call.cost < TINY) return runScripted(call);
  return call.cost < SMALL ? runAlone(kernels, call) : runPooled(kernels, call);
}

/** The promise of a call's result. */
export function runAsync<R>(call: Call<R>, options: KernelOptions | undefined): Promise<R> {
  const { kernels } = engine;
  const onProgress = options?.onProgress;
  if (onProgress !== undefined) requireFunction('onProgress', onProgress);
  return new Promise<R>((resolve, reject) => {
    const signal = signalOf(options);
    if (call.cost < SMALL) {
      const result = runSync(call);
      onProgress?.(1);
      resolve(result);
    } else if (kernels === undefined) {
      resolve(inTurns(call, signal, onProgress));
    } else {
      new Job(kernels, call, signal, onProgress, resolve, reject);
    }
  });
}

/** In TypeScript, a few milliseconds at a time. */
export async function inTurns<R>(
  call: Call<R>,
  signal?: AbortSignal,
  onProgress?: (fraction: number) => void,
): Promise<R> {
  const control = new Control();
  control.prepare(call.parameters);
  let turnEnd = performance.now() + TURN_MS;
  let nextReport = performance.now() + PROGRESS_MS;
  for (const _ of call.steps(control)) {
    control.step();
    const now = performance.now();
    if (now < turnEnd) continue;
    if (onProgress !== undefined && now >= nextReport) {
      onProgress(control.progress);
      nextReport = now + PROGRESS_MS;
    }
    await new Promise(setImmediate);
    signal?.throwIfAborted();
    requireStill(call);
    turnEnd = performance.now() + TURN_MS;
  }
  const result = call.result(control);
  onProgress?.(1);
  return result;
}

function requireStill(call: Call<unknown>): void {
  for (const array of [call.a, call.b, call.out, call.out2] as (NumberArray | undefined)[]) {
    if (array !== undefined && isGone(array)) {
      throw new TypeError(
        `the buffer of an array was detached while ${names[call.kernel]} worked on it; transfer it when the promise has settled`,
      );
    }
  }
}

/** Kernels of this loop that the pool computes. Whoever is in here is not collected, nor are its arrays. */
const jobs = new Map<number, Job<unknown>>();
const finished = new Int32Array(64);
/** Keeps the loop alive exactly while there are jobs. */
let keepAlive: NodeJS.Timeout | undefined;

function listen(kernels: Kernels): NodeJS.Timeout {
  kernels.onFinished(() => {
    for (;;) {
      const count = kernels.takeFinished(finished);
      // Taken first: what settling calls may begin other jobs.
      const batch = Array.from(finished.subarray(0, count), (number) => jobs.get(number));
      for (const job of batch) job?.finish();
      if (count < finished.length) return;
    }
  });
  return setInterval(() => {}, LONGEST_TIMER);
}

class Job<R> {
  readonly #number = nextNumber();
  readonly #call: Call<R>;
  readonly #control = new Control();
  readonly #signal: AbortSignal | undefined;
  readonly #onProgress: ((fraction: number) => void) | undefined;
  readonly #resolve: (result: R) => void;
  readonly #reject: (reason: unknown) => void;
  #timer: NodeJS.Timeout | undefined;
  #reported = 0;
  /** What onProgress threw. */
  #failure: { readonly error: unknown } | undefined;

  constructor(
    kernels: Kernels,
    call: Call<R>,
    signal: AbortSignal | undefined,
    onProgress: ((fraction: number) => void) | undefined,
    resolve: (result: R) => void,
    reject: (reason: unknown) => void,
  ) {
    this.#call = call;
    this.#signal = signal;
    this.#onProgress = onProgress;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#control.prepare(call.parameters);
    keepAlive ??= listen(kernels);
    kernels.start(...operandsOf(call, this.#control), this.#number, true);
    jobs.set(this.#number, this as Job<unknown>);
    keepAlive.ref();
    signal?.addEventListener('abort', this, { once: true });
    if (onProgress !== undefined) this.#timer = setInterval(() => this.#report(), PROGRESS_MS);
  }

  /** The signal is aborted. The promise settles when the kernel has stopped. */
  handleEvent(): void {
    this.#control.cancel();
  }

  #report(): void {
    const { progress } = this.#control;
    // What a kernel finds on its way may add to its work; nobody wants to hear that.
    if (progress <= this.#reported || progress === 1) return;
    this.#reported = progress;
    this.#tell(progress);
  }

  #tell(fraction: number): void {
    try {
      this.#onProgress?.(fraction);
    } catch (error) {
      this.#failure ??= { error };
      this.#control.cancel();
    }
  }

  finish(): void {
    jobs.delete(this.#number);
    if (jobs.size === 0) keepAlive?.unref();
    clearInterval(this.#timer);
    this.#signal?.removeEventListener('abort', this);
    try {
      const { outcome } = this.#control;
      if (this.#failure !== undefined) throw this.#failure.error;
      if (outcome === KernelOutcome.CANCELLED) throw this.#signal?.reason;
      requireStill(this.#call);
      check(this.#call, outcome);
      const result = this.#call.result(this.#control);
      this.#onProgress?.(1);
      this.#resolve(result);
    } catch (error) {
      this.#reject(error);
    }
  }
}

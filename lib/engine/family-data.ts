/**
 * What a thread leaves for the workers that are started from it, a user's own included: worker_threads' environment
 * data. It is left under the name of this copy of heddle. Another copy in the same program, of whatever version, finds
 * nothing there and is a family of its own: the memory of one is not laid out as the other expects.
 */
import { packageRoot } from './from-package.js';
import { workerThreads } from './worker-threads.js';

function keyOf(name: string): string {
  return `heddle ${name} ${packageRoot.href}`;
}

/** Undefined when none of the threads from which this one comes has left any. */
export function inherited<Data>(name: string): Data | undefined {
  return workerThreads().getEnvironmentData(keyOf(name)) as unknown as Data | undefined;
}

/** To workers that are started from now on. Everything in `data` must be what a message can hold. */
export function bequeath<Data>(name: string, data: Data): void {
  const { setEnvironmentData } = workerThreads();
  setEnvironmentData(keyOf(name), data as unknown as Parameters<typeof setEnvironmentData>[1]);
}

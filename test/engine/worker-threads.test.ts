/** Whether worker_threads is loaded, where the runtime tells and where it does not. */
import { afterEach, expect, it } from 'vitest';
import { hasWorkerThreads, workerThreads } from '#dist/engine/worker-threads.js';

const descriptor = Object.getOwnPropertyDescriptor(process, 'moduleLoadList');
afterEach(() => {
  if (descriptor !== undefined) Object.defineProperty(process, 'moduleLoadList', descriptor);
});

it.each([
  [undefined, true],
  [[], true],
  [['NativeModule fs'], false],
  [['NativeModule fs', 'NativeModule worker_threads'], true],
])('of a list %j: %j', (moduleLoadList, loaded) => {
  Object.defineProperty(process, 'moduleLoadList', { value: moduleLoadList, configurable: true });
  expect(hasWorkerThreads()).toBe(loaded);
});

it('is that which an import leads to', async () => {
  expect(workerThreads().threadId).toBe((await import('node:worker_threads')).threadId);
});

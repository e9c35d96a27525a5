/**
 * Node.js's worker_threads. In a main thread it is loaded by whoever first asks for it, which takes about as long as a
 * quarter of heddle does; what every program imports asks for it here, when it must.
 */
type WorkerThreads = typeof import('node:worker_threads');

export function workerThreads(): WorkerThreads {
  return process.getBuiltinModule('node:worker_threads');
}

/** False only in a main thread: a worker's start has it loaded. True where the runtime does not tell, as Bun and Deno. */
export function hasWorkerThreads(): boolean {
  const { moduleLoadList: loaded = [] } = process as { moduleLoadList?: readonly string[] };
  return loaded.length === 0 || loaded.includes('NativeModule worker_threads');
}

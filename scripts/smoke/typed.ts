/**
 * Threads and pools from TypeScript, for runtimes that take it as it is: types that are stripped, generics, closures with
 * annotations. Speaks as `smoke.mjs` does.
 */
import { isMainThread } from 'node:worker_threads';
import { engine, FunctionNotShippableError, type Future, Queue, Thread, ThreadPoolExecutor } from 'heddle';
import { type Count, countLetters } from './typed-tasks.ts';

async function exported(): Promise<void> {
  const executor = new ThreadPoolExecutor({ maxWorkers: 1 });
  const counted: Future<Count> = executor.submit(countLetters, 'warp and weft');
  const { letters, text }: Count = await counted;
  await executor.shutdown();
  if (letters !== 11 || text !== 'warp and weft') throw new Error(`${letters} letters in ${text}`);
}

async function closure(): Promise<void> {
  const results = new Queue<number>();
  const factor = 2 as const;
  const thread = new Thread({ target: (n: number): void => results.putSync(n * factor), args: [21] });
  await thread.start();
  const result = await results.get();
  await thread.join();
  if (result !== 42) throw new Error(`${result}, not 42`);
}

async function check(name: string, what: () => Promise<void>): Promise<void> {
  try {
    await what();
    console.log(`ok ${name}`);
  } catch (error) {
    const [message] = (error as Error).message.split('\n', 1);
    console.log(`${error instanceof FunctionNotShippableError ? 'lacks' : 'FAILED'} ${name}: ${message}`);
  }
}

if (isMainThread) {
  console.log(`engine ${engine.name}`);
  await check('exportedFunctions', exported);
  await check('closures', closure);
}

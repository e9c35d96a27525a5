/** The end of a pipe is closed when its last holder has gone, whichever way that went. */
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Worker } from 'node:worker_threads';
import { BrokenPipeError, EOFError, Lock, Pipe, Thread } from 'heddle';
import { expect, test } from 'vitest';
import { encodeBytes } from '#dist/codec/codec.js';
import { engine } from '#dist/engine/select.js';
import { Header } from '#dist/memory/layout.js';

async function holder(end: unknown, how: string): Promise<Worker> {
  const url = new URL('fixtures/holder.mjs', import.meta.url);
  const worker = new Worker(url, { workerData: { how, end: encodeBytes([end]) } });
  await once(worker, 'message');
  return worker;
}

test.each(['blocked', 'waiting', 'idle', 'sending'])(
  'a thread that is terminated while it is %s closes its end',
  async (how) => {
    const [here, there] = Pipe<unknown>({ maxSize: 4 });
    const worker = await holder(there, how);
    there.close();
    const received = (async () => {
      for await (const message of here) expect(message).toBe('more');
    })();
    await worker.terminate();
    await received;
    await expect(here.recv()).rejects.toThrow(EOFError);
    await expect(here.send(1)).rejects.toThrow(BrokenPipeError);
  },
);

test('a thread that exits closes its end, and what it was sent goes', async () => {
  const [here, there] = Pipe<unknown>();
  const [inner, innerThere] = Pipe();
  here.sendSync([innerThere, new Lock()]);
  innerThere.close();
  const worker = await holder(there, 'exits');
  there.close();
  await expect(here.recv()).rejects.toThrow(EOFError);
  await expect(inner.recv()).rejects.toThrow(EOFError);
  await worker.terminate();
});

test('a thread that blocks learns of the death of the other', async () => {
  const [here, there] = Pipe<unknown>();
  const worker = await holder(there, 'idle');
  there.close();
  const [told, telling] = Pipe<string>();
  const thread = new Thread({
    target: (end, telling) => {
      telling.sendSync('begun');
      try {
        end.recvSync();
      } catch (error) {
        telling.sendSync((error as Error).name);
      }
      end.close();
    },
    args: [here, telling] as const,
  });
  await thread.start();
  expect(await told.recv()).toBe('begun');
  await worker.terminate();
  expect(await told.recv()).toBe('EOFError');
  await thread.join();
});

test('many threads that die with ends in their hands leave nothing behind', async () => {
  const live = (): number => Atomics.load(engine.words, Header.CELLS_LIVE);
  const round = async (): Promise<void> => {
    const [here, there] = Pipe<unknown>({ maxSize: 8 });
    const worker = await holder(there, 'sending');
    there.close();
    await here.recv();
    await worker.terminate();
    for await (const message of here) expect(message).toBe('more');
    here.close();
  };
  await round();
  const before = live();
  for (let i = 0; i < 8; i++) await round();
  // Wrappers of queues go when they are collected: two for each pipe.
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const left = (): number => {
    collect();
    return live();
  };
  await expect.poll(left, { timeout: 20_000 }).toBeLessThanOrEqual(before);
});

test('ends that nobody refers to are closed when they are collected', () => {
  const program = fileURLToPath(new URL('fixtures/collected.mjs', import.meta.url));
  const { stdout, stderr } = spawnSync(process.execPath, ['--expose-gc', program], {
    encoding: 'utf8',
    timeout: 25_000,
  });
  expect(stdout.split('\n'), stderr).toEqual([
    'before EOFError BrokenPipeError',
    'to whom it is sent',
    'EOFError',
    'EOFError',
    'kept',
    '',
  ]);
});

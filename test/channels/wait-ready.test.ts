/** waitReady: over connections, listeners, sockets and promises. */
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { type Connection, ConnectionClosedError, engine, InvalidStateError, Process, Thread } from 'heddle';
import { Client, Listener, Pipe, waitReady } from 'heddle/multiprocessing';
import { expect, test } from 'vitest';

test('resolves with those that are ready, in the order of the list', async () => {
  const [a, toA] = Pipe<number>();
  const [b, toB] = Pipe<number>();
  const [c, toC] = Pipe<number>();
  toC.sendSync(1);
  toA.sendSync(1);
  expect(await waitReady([a, b, c])).toEqual([a, c]);
  // Nothing was taken.
  expect(await waitReady([c, b, a], { timeout: 0 })).toEqual([c, a]);
  a.recvSync();
  c.recvSync();
  expect(await waitReady([a, b, c], { timeout: 0 })).toEqual([]);
  expect(await waitReady([a, b, c], { timeout: 10 })).toEqual([]);
  expect(await waitReady([])).toEqual([]);
  const waiting = waitReady(new Set([a, b, c]));
  toB.sendSync(2);
  expect(await waiting).toEqual([b]);
  toB.close();
  toC.close();
  b.recvSync();
  expect(await waitReady([a, b, c])).toEqual([b, c]);
});

test('waits for what other threads send', async () => {
  const ends = [0, 1, 2].map(() => Pipe<string>());
  const threads = ends.map(
    ([, there], index) =>
      new Thread({
        target: (end, name) => {
          end.sendSync(`from ${name}`);
          end.close();
        },
        args: [there, `${index}`] as const,
      }),
  );
  for (const thread of threads) await thread.start();
  for (const [, there] of ends) there.close();
  const open = new Set(ends.map(([here]) => here));
  const seen: string[] = [];
  while (open.size > 0) {
    for (const connection of await waitReady(open)) {
      try {
        seen.push(connection.recvSync());
      } catch (error) {
        expect((error as Error).name).toBe('EOFError');
        open.delete(connection);
      }
    }
  }
  expect(seen.sort()).toEqual(['from 0', 'from 1', 'from 2']);
  for (const thread of threads) await thread.join();
});

test('takes promises, listeners, connections over sockets and sockets', async () => {
  await using listener = new Listener({ port: 0 });
  const never = new Promise<never>(() => {});
  const address = (await listener.ready()) as { host: string; port: number };
  expect(await waitReady([listener, never, Promise.resolve(1), Promise.reject(new Error('too'))])).toHaveLength(2);
  let release = (): void => {};
  const sentinel = new Promise<void>((resolve) => {
    release = resolve;
  });
  const first = waitReady([listener, sentinel]);
  const client = await Client<string>(address);
  expect(await first).toEqual([listener]);
  const server = await listener.accept();
  const second = waitReady([listener, sentinel, server]);
  await client.send('hello');
  expect(await second).toEqual([server]);
  expect(await server.recv()).toBe('hello');
  const third = waitReady([listener, sentinel, server]);
  release();
  expect(await third).toEqual([sentinel]);
  client.close();
  expect(await waitReady([listener, server])).toEqual([server]);
  server.close();

  const accepted: Socket[] = [];
  const plain = createServer((socket) => accepted.push(socket)).listen(0, '127.0.0.1');
  await once(plain, 'listening');
  const socket = connect(plain.address() as { port: number });
  await once(plain, 'connection');
  expect(await waitReady([socket], { timeout: 5 })).toEqual([]);
  const readable = waitReady([socket]);
  accepted[0]!.write('data');
  expect(await readable).toEqual([socket]);
  expect(String(socket.read())).toBe('data');
  const ended = waitReady([socket]);
  accepted[0]!.end();
  expect(await ended).toEqual([socket]);
  expect(socket.listenerCount('readable')).toBe(0);
  socket.destroy();
  plain.close();
});

test('can be aborted, and ends when a connection is closed', async () => {
  const [a, toA] = Pipe<number>();
  const stop = new AbortController();
  const waiting = waitReady([a], { signal: stop.signal });
  stop.abort(new Error('enough'));
  await expect(waiting).rejects.toThrow('enough');
  const closing = waitReady([a]);
  await new Promise((resolve) => setImmediate(resolve));
  a.close();
  await expect(closing).rejects.toThrow(ConnectionClosedError);
  await expect(waitReady([a])).rejects.toThrow(/list\[0\] is closed/);
  toA.close();
});

test('checks its arguments', async () => {
  const [receiver, sender] = Pipe({ duplex: false });
  await expect(waitReady([receiver, sender])).rejects.toThrow(InvalidStateError);
  for (const wrong of [7, 'text', {}, null])
    await expect(waitReady([wrong as never])).rejects.toThrow(/list\[0\] must be/);
  await expect(waitReady(7 as never)).rejects.toThrow(TypeError);
  await expect(waitReady([], { timeout: -1 })).rejects.toThrow(RangeError);
});

const reaching = engine.supports.processSharedMemory || engine.supports.processProxies;

test.runIf(reaching)('waits for what another process sends, and for its end', { timeout: 60_000 }, async () => {
  const [here, there] = Pipe<string>();
  const child = new Process({
    target: async (end: Connection<string>) => {
      await end.send('begun');
      await end.recv();
    },
    args: [there],
  });
  await child.start();
  const { sentinel } = child;
  expect(await waitReady([sentinel, here])).toEqual([here]);
  expect(here.recvSync()).toBe('begun');
  expect(await waitReady([sentinel, here], { timeout: 0 })).toEqual([]);
  await here.send('end');
  expect(await waitReady([sentinel, here])).toEqual([sentinel]);
  expect(await sentinel).toBe(0);
});

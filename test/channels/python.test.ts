/** Listeners and clients of Python's `multiprocessing.connection` are those of heddle, where they exchange bytes. */
import { type ChildProcessByStdio, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { type Address, AuthenticationError, Client, type Connection, Listener } from 'heddle/multiprocessing';
import { describe, expect, test } from 'vitest';

const program = fileURLToPath(new URL('fixtures/peer.py', import.meta.url));
/** Before 3.12 the challenge is another. */
const pythons = ['python3', 'python3.8', 'python3.11', 'python3.12', 'python3.13', 'python3.14'].filter(
  (python) => spawnSync(python, ['-c', 'import multiprocessing.connection']).status === 0,
);

function peer(
  python: string,
  role: string,
  address: Address,
  key: string,
): ChildProcessByStdio<null, Readable, Readable> {
  const text = typeof address === 'string' ? address : `${address.host}:${address.port}`;
  return spawn(python, [program, role, text, key], { stdio: ['ignore', 'pipe', 'pipe'] });
}

async function converse(connection: Connection): Promise<void> {
  for (const length of [0, 1, 5, 16 * 1024, 16 * 1024 + 1, 3_000_000]) {
    const bytes = Uint8Array.from({ length }, (_, i) => i * 7);
    await connection.sendBytes(bytes);
    const back = await connection.recvBytes();
    expect(Buffer.compare(back, bytes.reverse())).toBe(0);
  }
}

describe.runIf(pythons.length > 0).each(pythons.length > 0 ? pythons : ['none'])('%s', (python) => {
  test.each(['secret', ''])('accepts a client of ours, with the authkey %j', async (key) => {
    const other = peer(python, 'listener', { host: '127.0.0.1', port: 0 }, key);
    const [line] = (await once(createInterface(other.stdout), 'line')) as [string];
    const [host, port] = line.split(':') as [string, string];
    const connection = await Client({ host, port: Number(port) }, { authkey: key === '' ? undefined : key });
    await converse(connection);
    connection.close();
    expect((await once(other, 'exit'))[0]).toBe(0);
  });

  test.each(['secret', ''])('is accepted by a listener of ours, with the authkey %j', async (key) => {
    using listener = new Listener(undefined, { authkey: key === '' ? undefined : key });
    const other = peer(python, 'client', await listener.ready(), key);
    const connection = await listener.accept();
    await converse(connection);
    connection.close();
    expect((await once(other, 'exit'))[0]).toBe(0);
  });

  test('with another authkey is refused, and refuses', async () => {
    using listener = new Listener({ port: 0 }, { authkey: 'ours' });
    const client = peer(python, 'client', await listener.ready(), 'theirs');
    const refused = once(client, 'exit');
    await expect(listener.accept()).rejects.toThrow(AuthenticationError);
    expect((await refused)[0]).toBe(3);

    const other = peer(python, 'listener', { host: '127.0.0.1', port: 0 }, 'theirs');
    const [line] = (await once(createInterface(other.stdout), 'line')) as [string];
    const [host, port] = line.split(':') as [string, string];
    await expect(Client({ host, port: Number(port) }, { authkey: 'ours' })).rejects.toThrow(AuthenticationError);
    expect((await once(other, 'exit'))[0]).toBe(3);
  });
});

/** SharedMemory: bytes by name, between threads and unrelated processes, and what becomes of the name. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, statfsSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import {
  EngineUnavailableError,
  engine,
  InvalidStateError,
  NotSerializableError,
  Queue,
  SharedMemory,
  Thread,
} from 'heddle';
import { afterEach, describe, expect, test } from 'vitest';

const program = fileURLToPath(new URL('fixtures/creator.mjs', import.meta.url));
const made: SharedMemory[] = [];

function create(size: number, name?: string, track?: boolean): SharedMemory {
  const memory = new SharedMemory({ create: true, size, name, track });
  made.push(memory);
  return memory;
}

afterEach(() => {
  for (const memory of made.splice(0)) {
    memory.close();
    if (existsSync(`/dev/shm/${memory.name}`)) memory.unlink();
  }
});

async function gone(name: string): Promise<void> {
  const deadline = performance.now() + 20_000;
  while (existsSync(`/dev/shm/${name}`)) {
    if (performance.now() > deadline) throw new Error(`${name} is still there`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

test.runIf(!engine.supports.namedSharedMemory)('is refused where memory cannot be mapped, saying why', () => {
  expect(() => new SharedMemory({ create: true, size: 8 })).toThrow(EngineUnavailableError);
  expect(() => new SharedMemory({ name: 'any' })).toThrow(/namedSharedMemory/);
});

describe.runIf(engine.supports.namedSharedMemory)('SharedMemory', () => {
  test('is the same bytes for all who attach by its name', () => {
    const memory = create(4096);
    expect(memory.name).toMatch(/^psm_[0-9a-f]{8}$/);
    expect(memory.size).toBe(4096);
    expect(memory.buf.every((byte) => byte === 0)).toBe(true);
    const again = new SharedMemory({ name: memory.name, size: 1 });
    expect(again.size).toBe(4096);
    again.buf.set([1, 2, 3], 4000);
    expect([...memory.buf.subarray(4000, 4004)]).toEqual([1, 2, 3, 0]);
    const numbers = new Int32Array(memory.buf.buffer);
    Atomics.add(numbers, 0, 5);
    expect(Atomics.load(new Int32Array(again.buf.buffer), 0)).toBe(5);
    again.close();
    expect(memory.buf[4000]).toBe(1);
  });

  test('of an odd size is as long as it was made', () => {
    for (const size of [1, 5000, 65_537]) {
      const memory = create(size);
      expect(memory.size).toBe(size);
      memory.buf[size - 1] = 7;
      expect(new SharedMemory({ name: memory.name }).buf[size - 1]).toBe(7);
    }
  });

  test('that is closed shows nothing any more, views made before included', () => {
    const memory = create(16);
    const { buf } = memory;
    const view = buf.subarray(2, 4);
    memory.close();
    memory.close();
    expect(memory.closed).toBe(true);
    expect(() => memory.buf).toThrow(InvalidStateError);
    expect([buf.length, view.length, buf.buffer.byteLength]).toEqual([0, 0, 0]);
    expect(memory.size).toBe(16);
    memory.unlink();
  });

  test('can be closed and unlinked in any order; others keep it', () => {
    const memory = create(8);
    const other = new SharedMemory({ name: memory.name });
    memory.unlink();
    memory.buf[0] = 3;
    memory.close();
    expect(other.buf[0]).toBe(3);
    other.close();
    expect(() => memory.unlink()).toThrow(expect.objectContaining({ code: 'ENOENT', syscall: 'shm_unlink' }));
    expect(() => other.unlink()).toThrow(/ENOENT/);
    expect(() => new SharedMemory({ name: memory.name })).toThrow(expect.objectContaining({ code: 'ENOENT' }));
  });

  test('is made once, under a name of your own', () => {
    const name = `heddle-test-${process.pid} with ünusual name`;
    const memory = create(8, name);
    expect(memory.name).toBe(name);
    expect(() => create(8, name)).toThrow(expect.objectContaining({ code: 'EEXIST', errno: -17, path: name }));
    expect(new SharedMemory({ name: `/${name}` }).name).toBe(name);
  });

  test('refuses what cannot be', () => {
    for (const size of [0, -1, 1.5, Number.NaN]) expect(() => create(size)).toThrow(RangeError);
    expect(() => create(undefined as never)).toThrow(/size must be/);
    expect(() => new SharedMemory({})).toThrow(/name must be given/);
    expect(() => new SharedMemory(undefined as never)).toThrow(TypeError);
    for (const name of ['a/b', 'a\0b', 'a\nb', '', '.', '..', '//']) {
      expect(() => new SharedMemory({ name })).toThrow(RangeError);
    }
    expect(() => new SharedMemory({ name: 7 as never })).toThrow(TypeError);
    expect(() => create(8, 'x'.repeat(300))).toThrow(expect.objectContaining({ code: 'ENAMETOOLONG' }));
    expect(() => new SharedMemory({ name: 'a', create: 1 as never })).toThrow(/create must be/);
  });

  test('says when /dev/shm is full, and leaves nothing behind', () => {
    const { blocks, bsize } = statfsSync('/dev/shm');
    const name = `heddle-test-full-${process.pid}`;
    const error = (() => {
      try {
        return create(blocks * bsize + 4096, name);
      } catch (thrown) {
        return thrown;
      }
    })();
    expect(error).toMatchObject({ code: 'ENOSPC' });
    expect((error as Error).message).toMatch(/\/dev\/shm has no room/);
    expect(existsSync(`/dev/shm/${name}`)).toBe(false);
    expect(create(8, name).size).toBe(8);
  });

  test('that somebody is about to make is not there yet', () => {
    const name = `heddle-test-empty-${process.pid}`;
    writeFileSync(`/dev/shm/${name}`, '');
    expect(() => new SharedMemory({ name })).toThrow(expect.objectContaining({ code: 'EAGAIN' }));
    spawnSync('rm', [`/dev/shm/${name}`]);
  });

  test('travels by its name; a copy of its bytes does not', async () => {
    const memory = create(8);
    const thread = new Thread({
      target: (memory) => {
        memory.buf[1] = 42;
        memory.close();
      },
      args: [memory],
    });
    await thread.start();
    await thread.join();
    expect(memory.buf[1]).toBe(42);
    expect(() => new Queue().putNowait(memory.buf)).toThrow(NotSerializableError);
    const queue = new Queue<Uint8Array>();
    queue.putNowait(memory.buf.slice());
    expect(queue.getNowait()[1]).toBe(42);
  });

  test('harms nobody when its thread ends, open or closed', () => {
    const ends = fileURLToPath(new URL('fixtures/ends.mjs', import.meta.url));
    const { stdout, stderr, status } = spawnSync(process.execPath, ['--expose-gc', ends], { encoding: 'utf8' });
    expect(stdout, stderr).toBe('ended well 0\n');
    expect(status).toBe(0);
  });

  test('outlives the worker that made it, and not the process', async () => {
    const name = `heddle-test-worker-${process.pid}`;
    const worker = new Worker(program, { argv: ['stay', name, 'true'] });
    await once(worker, 'message');
    await worker.terminate();
    const memory = new SharedMemory({ name });
    made.push(memory);
    expect(memory.buf[0]).toBe(1);
  });

  test.each(['exit', 'throw', 'SIGTERM', 'SIGKILL', 'SIGINT'])(
    'is taken away when its maker ends by %s',
    async (how) => {
      const name = `heddle-test-${how}-${process.pid}`;
      const child = spawn(process.execPath, [program, how, name, 'true'], { stdio: ['ignore', 'pipe', 'ignore'] });
      await once(createInterface(child.stdout), 'line');
      const ended = once(child, 'exit');
      if (how.startsWith('SIG')) {
        expect(existsSync(`/dev/shm/${name}`)).toBe(true);
        child.kill(how as NodeJS.Signals);
      }
      await ended;
      await gone(name);
      await gone(`${name}-second`);
    },
  );

  test('stays when it is not tracked', async () => {
    const name = `heddle-test-kept-${process.pid}`;
    const { status } = spawnSync(process.execPath, [program, 'exit', name, 'false']);
    expect(status).toBe(0);
    const memory = new SharedMemory({ name });
    made.push(memory);
    expect(memory.buf[0]).toBe(1);
    new SharedMemory({ name: `${name}-second` }).unlink();
  });

  test('of a name that another has taken meanwhile is left to the other', async () => {
    const name = `heddle-test-other-${process.pid}`;
    const child = spawn(process.execPath, [program, 'SIGKILL', name, 'true'], { stdio: ['ignore', 'pipe', 'ignore'] });
    await once(createInterface(child.stdout), 'line');
    new SharedMemory({ name }).unlink();
    const mine = create(8, name);
    child.kill('SIGKILL');
    await once(child, 'exit');
    // By then its tracker has been through its list, of which the second comes last.
    await gone(`${name}-second`);
    expect(new SharedMemory({ name }).size).toBe(mine.size);
  });

  test.runIf(spawnSync('python3', ['-c', 'import multiprocessing.shared_memory']).status === 0)(
    'is that of Python, too',
    () => {
      const memory = create(16);
      memory.buf[0] = 7;
      const { stdout, stderr } = spawnSync(
        'python3',
        [
          '-c',
          `
import sys
from multiprocessing import resource_tracker
from multiprocessing.shared_memory import SharedMemory
memory = SharedMemory(sys.argv[1])
# Pythons before 3.13 take away what they attach to.
resource_tracker.unregister(memory._name, 'shared_memory')
print(memory.buf[0], memory.size)
memory.buf[1] = 8
memory.close()
`,
          memory.name,
        ],
        { encoding: 'utf8' },
      );
      expect(stdout, stderr).toBe('7 16\n');
      expect(memory.buf[1]).toBe(8);
    },
  );
});

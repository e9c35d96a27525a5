/** What keeps a process alive: waits that are pending, and nothing else. */
import { spawn } from 'node:child_process';
import { expect, it } from 'vitest';

/** Runs a program of its own; resolves with its exit code and what it printed. */
async function run(source: string): Promise<{ code: number | null; output: string }> {
  const program = `import * as heddle from 'heddle';\n${source}`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, output };
}

it('objects that nobody waits for do not', async () => {
  const { code } = await run(`
    const { Lock, RLock, Semaphore, Event, Condition, Barrier, Queue, PriorityQueue, SimpleQueue, Value, SharedArray } = heddle;
    globalThis.kept = [new Lock(), new RLock(), new Semaphore(), new Event(), new Condition(), new Barrier(2), new Queue(1),
      new PriorityQueue(), new SimpleQueue(), new Value('i'), new SharedArray('d', 10)];
    kept[0].acquireSync();
    await kept[1].withLock(async () => {});
    kept[6].putSync({ left: 'behind' });
  `);
  expect(code).toBe(0);
});

it.each([
  ['a lock', 'const lock = new heddle.Lock(); lock.acquireSync(); return lock.acquire({ timeout: 100 });', 'false'],
  ['an event', 'return new heddle.Event().wait({ timeout: 100 });', 'false'],
  ['an item', 'return new heddle.Queue().get({ timeout: 100 });', 'ERR_HEDDLE_QUEUE_EMPTY'],
  ['a barrier', 'return new heddle.Barrier(2).wait({ timeout: 100 });', 'ERR_HEDDLE_BROKEN_BARRIER'],
])('a wait for %s does, until it has come to its end', async (_name, wait, result) => {
  const program = `
    const wait = async () => { ${wait} };
    console.log(await wait().catch((error) => error.code));
  `;
  expect(await run(program)).toEqual({ code: 0, output: `${result}\n` });
});

it('a wait without a timeout does, however long', async () => {
  const { code, output } = await run(`
    const event = new heddle.Event();
    const waiting = event.wait();
    setTimeout(() => event.set(), 200).unref();
    console.log(await waiting);
  `);
  expect(output).toBe('true\n');
  expect(code).toBe(0);
});

it('a wait that was aborted does not', async () => {
  const { code } = await run(`
    const controller = new AbortController();
    const waiting = new heddle.Event().wait({ signal: controller.signal, timeout: 600_000 });
    controller.abort(new Error('enough'));
    await waiting.catch(() => {});
  `);
  expect(code).toBe(0);
});

it('a wait that was granted does not, its timer included', async () => {
  const started = performance.now();
  const { code } = await run(`
    const queue = new heddle.Queue();
    const getting = queue.get({ timeout: 600_000 });
    queue.putSync(1);
    await getting;
  `);
  expect(code).toBe(0);
  expect(performance.now() - started).toBeLessThan(20_000);
});

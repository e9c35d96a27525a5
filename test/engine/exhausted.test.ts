/**
 * An arena with no cell, no slot or no process record left, as programs meet it: what is refused, that nothing waits for
 * ever or is done by halves, and that all goes on once there is room again.
 */
import { engine } from 'heddle';
import { describe, expect, it, vi } from 'vitest';
import { linesOf, runProgram } from '../threads/program.js';

vi.setConfig({ testTimeout: 120_000 });

const EXHAUSTED = 'ERR_HEDDLE_ARENA_EXHAUSTED';
const BROKEN = 'ERR_HEDDLE_BROKEN_EXECUTOR';

const { processes, processSharedMemory } = engine.supports;

/** Beside the engine as it is, it with processes that share no memory, where it has others. */
const kinds: [string, { shared: boolean; first: string }][] = [
  ['processes as they are', { shared: processSharedMemory, first: '' }],
  ...(processSharedMemory
    ? [
        ['processes apart', { shared: false, first: "process.env.HEDDLE_PROCESSES = 'apart';" }] as [
          string,
          { shared: boolean; first: string },
        ],
      ]
    : []),
];

/**
 * Begins every program. `told(fn)` says what comes of a call: `ok`, the code of its error, with that of the cause of a
 * broken executor, or that it has not settled in time; `put` is what targets do.
 */
const begin = (first: string): string => `
  ${first}
  const heddle = await import('heddle');
  const {
    Barrier, Condition, Event, Lock, Pipe, Process, ProcessPoolExecutor, Queue, RLock, Semaphore, SharedArray, SimpleQueue,
    Thread, ThreadPoolExecutor, Value,
  } = heddle;
  const { engine } = await import('#dist/engine/select.js');
  const layout = await import('#dist/memory/layout.js');
  const { setFlagsFromString } = await import('node:v8');
  const { runInNewContext } = await import('node:vm');
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc');
  const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  const live = () => Atomics.load(engine.words, layout.Header.CELLS_LIVE);

  const codeOf = (error) =>
    ['${BROKEN}', 'ERR_HEDDLE_PROCESS_STATE'].includes(error.code) && error.cause !== undefined
      ? error.code + ' of ' + error.cause.code
      : error.code ?? String(error);
  async function told(fn, ms = 8_000) {
    let timer;
    const late = new Promise((resolve) => { timer = setTimeout(resolve, ms, 'does not settle'); });
    const done = (async () => fn())().then(() => 'ok', codeOf);
    const how = await Promise.race([done, late]);
    clearTimeout(timer);
    return how;
  }
  const say = async (what, fn) => console.log(what + ': ' + (await told(fn)));
  const put = (queue) => queue.putSync('ran');

  const cells = [];
  /** Takes all cells but \`left\`. */
  function fill(left = 0) {
    try {
      for (;;) cells.push(engine.create(layout.Kind.EVENT));
    } catch (error) {
      if (error.code !== '${EXHAUSTED}') throw error;
    }
    for (let i = 0; i < left; i++) engine.disown(cells.pop());
  }
  /** Gives back some, or all. */
  function free(count = cells.length) {
    for (const cell of cells.splice(-count)) engine.disown(cell);
  }
`;

describe.each(kinds)('without a free cell, %s', (_kind, { shared, first }) => {
  it('what needs one is refused, and works once there is one again, with nothing lost', async () => {
    const lines = await linesOf(`${begin(first)}
      const queue = new Queue();
      const full = new Queue(1);
      full.putSync('first');
      const [lock, event, semaphore, condition] = [new Lock(), new Event(), new Semaphore(0), new Condition()];
      const barrier = new Barrier(2);
      lock.acquireSync();
      const threads = [0, 1].map(() => new Thread({ target: put, args: [queue] }));
      const children = ${processes} ? [0, 1].map(() => new Process({ target: put, args: [queue] })) : [];
      const executors = [new ThreadPoolExecutor({ maxWorkers: 1 })];
      if (${shared}) executors.push(new ProcessPoolExecutor({ maxWorkers: 1 }));
      fill();

      const refusals = {
        Lock: () => new Lock(), RLock: () => new RLock(), Semaphore: () => new Semaphore(), Event: () => new Event(),
        Condition: () => new Condition(), Barrier: () => new Barrier(2), Queue: () => new Queue(),
        SimpleQueue: () => new SimpleQueue(), Pipe: () => Pipe(), Value: () => new Value('i'),
        SharedArray: () => new SharedArray('i', 8), Thread: () => new Thread({ target: put }),
        ThreadPoolExecutor: () => new ThreadPoolExecutor({ maxWorkers: 1 }),
        acquire: () => lock.acquire(), acquireLate: () => lock.acquire({ timeout: 60_000 }),
        acquireSync: () => lock.acquireSync({ timeout: 60_000 }),
        semaphore: () => semaphore.acquire(), event: () => event.wait(), eventSync: () => event.waitSync({ timeout: 60_000 }),
        barrier: () => barrier.wait(),
        put: () => full.put('second'), putSync: () => full.putSync('second', { timeout: 60_000 }),
        get: () => queue.get(), getSync: () => queue.getSync({ timeout: 60_000 }), join: () => full.join(),
        start: () => threads[0].start(), startSync: () => threads[1].startSync(),
        ...(${processes} && {
          Process: () => new Process({ target: put }),
          startProcess: () => children[0].start(), startProcessSync: () => children[1].startSync(),
        }),
        submit: () => executors[0].submit(() => 1),
        ...(${shared} && {
          ProcessPoolExecutor: () => new ProcessPoolExecutor({ maxWorkers: 1 }),
          submitToProcess: () => executors[1].submit(() => 1),
        }),
      };
      const wrong = [];
      // The second time they do as the first.
      for (let i = 0; i < 2; i++) {
        for (const [what, fn] of Object.entries(refusals)) {
          const how = await told(fn);
          if (how !== '${EXHAUSTED}') wrong.push(what + ': ' + how);
        }
      }
      await condition.acquire();
      const how = await told(() => condition.wait());
      if (how !== '${EXHAUSTED}') wrong.push('condition: ' + how);
      condition.release();
      console.log(wrong.join(', ') || 'all refused');
      console.log(full.qsize(), full.unfinishedTasks, queue.qsize(), lock.locked(), barrier.nWaiting, barrier.broken);
      // A place that is there needs no cell.
      queue.putSync('kept');
      await queue.put('too');
      event.set();
      console.log(await event.wait(), queue.getNowait(), queue.getNowait());

      free();
      const waiting = [lock.acquire(), semaphore.acquire(), full.put('second'), barrier.wait()];
      lock.release();
      semaphore.release();
      console.log(full.getNowait());
      await barrier.wait();
      await Promise.all(waiting);
      console.log(full.getNowait(), lock.locked());
      await threads[0].start();
      threads[1].startSync();
      for (const thread of threads) await thread.join();
      if (${processes}) {
        await children[0].start();
        children[1].startSync();
        for (const child of children) await child.join();
        console.log(children.map(({ exitCode }) => exitCode).join());
      }
      console.log(queue.qsize());
      for (const executor of executors) {
        console.log(await executor.submit(() => 1));
        await executor.shutdown();
      }
    `);
    expect(lines).toEqual([
      'all refused',
      '1 1 0 true 0 false',
      'true kept too',
      'first',
      'second true',
      ...(processes ? ['0,0'] : []),
      processes ? '4' : '2',
      ...(shared ? ['1', '1'] : ['1']),
    ]);
  });
});

/**
 * Tries something with every number of free cells from 0 up, until it has worked four times in a row: it may work, or be
 * refused as a whole. Prints what else comes of it.
 *
 * @param makes An expression for what the text of `attempt` knows as `it`, made while there is room.
 * @param attempt What is tried: the body of an async function that returns how it went, `ok` for well.
 * @param again The same after a refusal, with all cells free: must return `ok`.
 */
const withFewCells = (first: string, makes: string, attempt: string, again = "return 'ok';"): string => `${begin(first)}
  let k = -1;
  const fault = (what) => console.log('with ' + k + ' cells: ' + what);
  process.on('unhandledRejection', (error) => fault('unhandled: ' + codeOf(error)));
  process.on('uncaughtException', (error) => fault('uncaught: ' + codeOf(error)));
  const queue = new Queue();
  const make = async () => (${makes});
  const attempt = async (it) => { ${attempt} };
  const again = async (it) => { ${again} };
  // What is made once and kept, is made now.
  const first = await attempt(await make());
  if (first !== 'ok') fault('with room: ' + first);
  for (let good = 0; good < 4 && ++k < 40; ) {
    const it = await make();
    while (!queue.empty()) queue.getNowait();
    fill(k);
    let how;
    const refusal = await told(async () => { how = await attempt(it); });
    if (refusal === 'does not settle') {
      fault(refusal);
      process.exit();
    }
    if (refusal === 'ok' && how === 'ok') {
      good++;
    } else {
      good = 0;
      if (refusal !== 'ok' && !refusal.endsWith('${EXHAUSTED}')) fault(refusal);
      // What was refused is not done all the same.
      await sleep(200);
      if (refusal !== 'ok' && queue.qsize() > 0) fault('refused, and done');
    }
    // Enough for anything; to give back all and take them again would take long.
    free(2000);
    if (refusal !== 'ok') {
      const outcome = await told(async () => { how = await again(it); });
      if (outcome !== 'ok' || how !== 'ok') fault('refused, and then: ' + (outcome === 'ok' ? how : outcome));
    }
  }
  if (k >= 40) fault('this is never enough');
  free();
  const last = await told(async () => { if ((await attempt(await make())) !== 'ok') throw new Error('not done'); });
  if (last !== 'ok') fault('afterwards: ' + last);
  console.log('end');
  process.exit();
`;

/** The faults that such a program has found. What dies for lack of room says so on standard error. */
async function faultsOf(program: string): Promise<string[]> {
  const { stdout, stderr, code, signal } = await runProgram(program);
  const lines = stdout.split('\n').filter((line) => line !== '');
  if (lines.at(-1) !== 'end') lines.push(`ended with ${signal ?? code}: ${stderr}`);
  return lines.filter((line) => line !== 'end');
}

const THREAD = '{ thread: new Thread({ target: put, args: [queue], fresh: true }) }';
const PROCESS = '{ child: new Process({ target: put, args: [queue] }) }';
/** A thread or process that dies before it comes to its target has started all the same: see `start`. */
const RAN = "queue.empty() ? 'died' : (queue.getNowait(), 'ok')";
// Once it has started there is room again: it is not the wait for its end that is to be refused.
const thread = (start: string): string => `${start}; free(2000); await it.thread.join(); return ${RAN};`;
const child = (start: string): string => `${start}; free(2000); await it.child.join(); return ${RAN};`;

describe.each(kinds)('with few free cells, %s', (_kind, { shared, first }) => {
  it('objects are made or refused', async () => {
    const faults = await faultsOf(
      withFewCells(
        first,
        '{}',
        `const made = [
          Pipe(), new Condition(), new Barrier(2), new Value('i'), new SharedArray('i', 9), new Queue(), new Event(),
        ];
        const [[here, there], condition] = made;
        there.sendSync(1);
        condition.lock?.acquireSync();
        return here.recvSync() === 1 ? 'ok' : 'wrong';`,
      ),
    );
    expect(faults).toEqual([]);
  });

  const startThread = thread('await it.thread.start()');
  it('a thread is started or refused', async () => {
    expect(await faultsOf(withFewCells(first, THREAD, startThread, startThread))).toEqual([]);
  });

  const startThreadSync = thread('it.thread.startSync()');
  it('a thread is started by a blocked one or refused', async () => {
    expect(await faultsOf(withFewCells(first, THREAD, startThreadSync, startThreadSync))).toEqual([]);
  });

  const startProcess = child('await it.child.start()');
  it.runIf(processes)('a process is started or refused', async () => {
    expect(await faultsOf(withFewCells(first, PROCESS, startProcess, startProcess))).toEqual([]);
  });

  const startProcessSync = child('it.child.startSync()');
  it.runIf(processes)('a process is started by a blocked thread or refused', async () => {
    expect(await faultsOf(withFewCells(first, PROCESS, startProcessSync, startProcessSync))).toEqual([]);
  });

  const executors: [string, string][] = [
    ['ThreadPoolExecutor', 'new ThreadPoolExecutor({ maxWorkers: 1 })'],
    ...(shared ? [['ProcessPoolExecutor', 'new ProcessPoolExecutor({ maxWorkers: 1 })'] as [string, string]] : []),
  ];
  const close =
    "const closed = await told(() => executor.shutdown()); if (closed !== 'ok') fault('shutdown: ' + closed);";
  const submit = `
    try { return (await executor.submit((queue) => { queue.putSync('ran'); return 7; }, queue)) === 7 ? 'ok' : 'wrong'; }
    finally { ${close} }`;

  it.each(executors)('a new %s does its task or refuses it', async (_name, made) => {
    expect(await faultsOf(withFewCells(first, '{}', `const executor = ${made}; ${submit}`))).toEqual([]);
  });

  it.each(executors)('a %s that is there does its task or refuses it', async (_name, made) => {
    expect(await faultsOf(withFewCells(first, `{ executor: ${made} }`, `const { executor } = it; ${submit}`))).toEqual(
      [],
    );
  });

  it.each(executors)('a %s that could not be made leaves no cells behind', async (_name, made) => {
    const lines = await linesOf(`${begin(first)}
      const settled = async () => {
        for (let i = 0; i < 10; i++) { gc(); await sleep(20); }
        return live();
      };
      // Nothing of it stays in the frame that goes on.
      const once = async () => { const executor = ${made}; await executor.shutdown(); };
      const before = await settled();
      for (let left = 0; left < 10; left++) {
        fill(left);
        try { await once(); } catch (error) {
          if (error.code !== '${EXHAUSTED}') throw error;
        }
        free(2000);
      }
      free();
      // The cell of one wait may be kept for the next.
      console.log((await settled()) - before <= 1);
      process.exit();
    `);
    expect(lines).toEqual(['true']);
  });
});

/** Takes all slots but this thread's: an isolate for each would take half a minute. `free()` gives them back. */
const FILL_SLOTS = `
  const { MAX_SLOTS, SLOTS_START, Slot, SlotState, WORDS_PER_SLOT } = layout;
  const slots = [];
  for (let slot = 0; slot < MAX_SLOTS; slot++) {
    const state = SLOTS_START + slot * WORDS_PER_SLOT + Slot.STATE;
    if (Atomics.compareExchange(engine.words, state, SlotState.FREE, SlotState.LIVE) === SlotState.FREE) slots.push(state);
  }
  if (slots.length !== MAX_SLOTS - 1) console.log(slots.length + ' slots were free');
  const freeSlots = () => { for (const state of slots) Atomics.store(engine.words, state, SlotState.FREE); };
`;

describe.each(kinds)('without a free slot, %s', (_kind, { shared, first }) => {
  it('a thread starts, dies before it comes to its target, and says why; another can be started later', async () => {
    const { stdout, stderr, code } = await runProgram(`${begin(first)}
      ${FILL_SLOTS}
      const queue = new Queue();
      const [one, two, later] = [0, 1, 2].map(() => new Thread({ target: put, args: [queue] }));
      await say('start', () => one.start());
      await say('join', () => one.join());
      two.startSync();
      console.log(two.joinSync({ timeout: 15_000 }), one.isAlive(), two.isAlive(), queue.qsize());
      freeSlots();
      await say('start', () => later.start());
      await later.join();
      console.log(queue.qsize());`);
    expect(stdout.trim().split('\n')).toEqual(['start: ok', 'join: ok', 'true false false 0', 'start: ok', '1']);
    expect(stderr.match(/all (512 )?slots of the arena are taken/g)?.length).toBe(2);
    expect(code).toBe(0);
  });

  const executors = `
    const executors = [new ThreadPoolExecutor({ maxWorkers: 1 })];
    if (${shared}) executors.push(new ProcessPoolExecutor({ maxWorkers: 1 }));`;
  it('executors say that they get no workers, and new ones do later', async () => {
    const lines = await linesOf(`${begin(first)}
      ${FILL_SLOTS}
      let each;
      ${executors.replace('const executors', 'let executors')}
      for (each of executors) {
        const error = await each.submit(() => 1).then(() => undefined, (error) => error);
        console.log(error?.code, /all (512 )?slots of the arena are taken/.test(error?.message));
        await say('shutdown', () => each.shutdown());
      }
      freeSlots();
      {
        ${executors}
        for (each of executors) {
          console.log(await each.submit(() => 7));
          await each.shutdown();
        }
      }`);
    const refused = [`${BROKEN} true`, 'shutdown: ok'];
    expect(lines).toEqual(shared ? [...refused, ...refused, '7', '7'] : [...refused, '7']);
  });

  it.runIf(processes)('a process is refused, and the same one can be started later', async () => {
    const lines = await linesOf(`${begin(first)}
      ${FILL_SLOTS}
      const queue = new Queue();
      const [one, two] = [0, 1].map(() => new Process({ target: put, args: [queue] }));
      const error = await (async () => one.start())().catch((error) => error);
      console.log(/all (512 )?slots of the arena are taken/.test(error?.message));
      try { two.startSync(); } catch (error) { console.log('refused'); }
      freeSlots();
      await one.start();
      two.startSync();
      for (const child of [one, two]) await child.join();
      console.log(one.exitCode, two.exitCode, queue.qsize());`);
    expect(lines).toEqual(['true', 'refused', '0 0 2']);
  });

  it.runIf(processes)('the refusal of a process has a code', async () => {
    const lines = await linesOf(`${begin(first)}
      ${FILL_SLOTS}
      const child = new Process({ target: () => {} });
      const error = await (async () => child.start())().catch((error) => error);
      console.log(error.code ?? error.stack);`);
    expect(lines).toEqual([expect.stringMatching(/^ERR_HEDDLE_/)]);
  });
});

/** Takes all process records but that of this process, and those of children that run. `freeRecords` gives some back, or all. */
const FILL_RECORDS = `
  const records = [];
  const standIn = [new Process({ target: put }), new SimpleQueue(), new Event()];
  function fillRecords() {
    for (;;) {
      const record = engine.processes.reserve(...standIn.map(({ _handle }) => _handle), 0, new Uint8Array(0));
      if (record < 0) break;
      records.push(record);
    }
  }
  function freeRecords(count = records.length) {
    for (const record of records.splice(-count)) engine.processes.cancel(record);
  }
`;

describe.runIf(processes).each(kinds)('with 128 processes, %s', (_kind, { shared, first }) => {
  it('no other is started, and the same one is once there is room; the others go on', async () => {
    const lines = await linesOf(`${begin(first)}
      ${FILL_RECORDS}
      const [queue, end] = [new Queue(), new Event()];
      const running = new Process({ target: async (queue, end) => { await end.wait(); queue.putSync('ran'); }, args: [queue, end] });
      await running.start();
      const [one, two] = [0, 1].map(() => new Process({ target: put, args: [queue] }));
      fillRecords();
      // With this process and that which runs.
      console.log(records.length + 2);
      const before = live();
      for (let i = 0; i < 20; i++) {
        const codes = [await told(() => one.start()), await told(() => two.startSync())];
        if (codes.join() !== '${EXHAUSTED},${EXHAUSTED}') console.log(codes.join());
      }
      for (let i = 0; i < 20 && live() > before; i++) { gc(); await sleep(20); }
      console.log(live() - before < 10, one.isAlive(), one.exitCode, one.pid);
      freeRecords(1);
      await one.start();
      await one.join();
      console.log(one.exitCode);
      // Its record is free a moment after it has been joined.
      for (let i = 0; (await told(() => two.startSync())) !== 'ok' && i < 100; i++) await sleep(20);
      two.joinSync();
      console.log(two.exitCode, running.isAlive());
      freeRecords();
      end.set();
      await running.join();
      console.log(running.exitCode, queue.qsize());`);
    expect(lines).toEqual(['128', 'true false undefined undefined', '0', '0 true', '0 3']);
  });

  it.runIf(shared)('an executor says that it gets no workers, and a new one does later', async () => {
    const lines = await linesOf(`${begin(first)}
      ${FILL_RECORDS}
      const executor = new ProcessPoolExecutor({ maxWorkers: 2 });
      fillRecords();
      const futures = [1, 2, 3].map((n) => { try { return executor.submit((n) => n, n); } catch (error) { return Promise.reject(error); } });
      for (const future of futures) await say('submit', () => future);
      await say('shutdown', () => executor.shutdown());
      freeRecords();
      const another = new ProcessPoolExecutor({ maxWorkers: 2 });
      console.log(await another.submit(() => 7));
      await another.shutdown();`);
    const refused = `submit: ${BROKEN} of ${EXHAUSTED}`;
    expect(lines[0]).toBe(refused);
    for (const line of lines.slice(1, 3)) expect(line).toMatch(new RegExp(`^submit: ${BROKEN}`));
    expect(lines.slice(3)).toEqual(['shutdown: ok', '7']);
  });

  (shared ? it : it.skip).each([
    ['an executor with minWorkers', 'new ProcessPoolExecutor({ maxWorkers: 1, minWorkers: 1 })'],
    ['a Pool', "new (await import('heddle/multiprocessing')).Pool(1)"],
  ])('%s is made or refused, and does not keep its maker for ever', async (_name, made) => {
    const { stdout, signal } = await runProgram(`${begin(first)}
      ${FILL_RECORDS}
      fillRecords();
      // Whatever it does, this process is not to go on for ever.
      const { Worker } = await import('node:worker_threads');
      new Worker("setTimeout(() => process.kill(process.pid, 'SIGKILL'), 5000)", { eval: true }).unref();
      await say('made', async () => { ${made}; });
      process.exit();`);
    expect(signal).toBe(null);
    expect(stdout).toMatch(new RegExp(`^made: (ok|${EXHAUSTED}|${BROKEN})`));
  });
});

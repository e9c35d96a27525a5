/**
 * What each example must print. A function gets the lines of standard output and the run's length in
 * milliseconds, and throws if they are not as they must be. Bounds of time are generous above, for machines
 * are slow at times, and exact below: a program that sleeps cannot be faster.
 */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';

/** Exactly these lines, in this order. */
function lines(...expected) {
  return (actual) => assert.deepEqual(actual, expected);
}

/** These lines in any order. */
function anyOrder(...expected) {
  return (actual) => assert.deepEqual([...actual].sort(), [...expected].sort());
}

function between(ms, least, most) {
  assert.ok(ms >= least, `took ${ms} ms, less than ${least}`);
  assert.ok(ms <= most, `took ${ms} ms, more than ${most}`);
}

function range(count, of = (i) => String(i)) {
  return Array.from({ length: count }, (_, i) => of(i));
}

/** A hundred tasks on five workers, each of which says who it is, as does each callback. */
function hundredTasks(actual, ms) {
  const main = actual[0].replace('main ', '');
  const of = (pattern) => actual.map((line) => pattern.exec(line)).filter((match) => match !== null);
  const once = (matches) =>
    assert.deepEqual(
      matches.map(([, i]) => Number(i)).sort((a, b) => a - b),
      range(100, Number),
    );
  const tasks = of(/^hello world (\d+)$/);
  const workers = of(/^-->PID (\d+) (\d+)$/);
  const callbacks = of(/^-->callback > pid (\d+) (\d+)$/);
  for (const matches of [tasks, workers, callbacks]) once(matches);
  assert.ok(
    actual.indexOf('end') < actual.indexOf(callbacks[0][0]),
    'callbacks were called before the program went on',
  );
  const idents = new Set(workers.map(([, , ident]) => ident));
  assert.ok(idents.size <= 5 && !idents.has(main), `tasks ran in ${[...idents]}`);
  for (const [line, i, ident] of callbacks) {
    assert.equal(ident, main, line);
    assert.ok(actual.indexOf(line) > actual.indexOf(`hello world ${i}`), `${line} came before its task`);
  }
  assert.equal(actual.length, 302);
  // One after the other they would take 3 s.
  between(ms, 600, 60_000);
}

/** Examples that need what not every engine has: keys of `engine.supports`, any of which will do. */
export const needs = {
  'e23-process-queue': ['processSharedMemory', 'processProxies'],
  'e25-processes': ['processes'],
  'e26-processes': ['processes'],
  'e27-three-processes': ['processes'],
  'e28-parent-id': ['processes'],
  'processes-and-threads': ['processSharedMemory'],
  'source-words': ['processes'],
};

/** Examples that have the machine to themselves: the order of their lines, or their bounds, hang on who sleeps how long. */
export const alone = [
  'e04-fifty-threads',
  'e04-fifty-threads',
  'e08-collect-and-join',
  'e09-join-with-timeout',
  'e17-bounded-semaphore',
  'e18-event',
  'e19-traffic-light',
  'e29-main-and-child',
  'e32-cpu-use',
];

export const expectations = {
  'e23-process-queue': lines('[42,null,"hello"]'),

  'e27-three-processes': (actual, ms) => {
    const hello = /^hello alvin [A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d{2}:\d{2}:\d{2} \d{4}$/;
    for (const line of actual.slice(0, 3)) assert.match(line, hello);
    lines('end')(actual.slice(3));
    between(ms, 100, 30_000);
  },

  'e28-parent-id': (actual, ms) => {
    const pid = /^I am (\d+)$/.exec(actual[0])?.[1];
    lines('my multiprocessing test', `my pprocess id is ${pid}`)(actual.slice(1));
    between(ms, 300, 30_000);
  },

  'processes-and-threads': (actual) => {
    const threads = ['one', 'two'].flatMap((child) => ['a', 'b', 'c', 'd'].map((name) => `${child} ${name}`));
    anyOrder(...threads)(actual.slice(0, 8));
    lines('8000')(actual.slice(8));
  },

  'source-words': (actual) => {
    const names = readdirSync('lib', { recursive: true }).filter((name) => name.endsWith('.ts'));
    const counts = new Map();
    for (const name of names)
      for (const [word] of readFileSync(`lib/${name}`, 'latin1').matchAll(/[a-z]{4,}/gi))
        counts.set(word.toLowerCase(), (counts.get(word.toLowerCase()) ?? 0) + 1);
    const top = [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1)).slice(0, 3);
    lines(
      `${names.length} files, ${counts.size} words`,
      ...top.map(([word, count]) => `${word} ${count}`),
      '1 crash: the worker that ran the task has ended by SIGKILL',
    )(actual);
  },

  'e01-lock-guarded-balance': lines('0'),

  'e02-thread-local': (actual) => {
    anyOrder('Hello, Alice (in Thread-A)', 'Hello, Bob (in Thread-B)')(actual.slice(0, 2));
    lines('undefined')(actual.slice(2));
  },

  'e03-two-threads': (actual, ms) => {
    anyOrder('task t1', 'task t2', 'Thread-1 (run)', 'Thread-2 (run)')(actual);
    between(ms, 400, 10_000);
  },

  'e04-fifty-threads': (actual, ms) => {
    anyOrder(...range(50, (i) => `task t-${i}`))(actual);
    // One after the other they would take 50 s.
    between(ms, 1000, 30_000);
  },

  'e05-main-waits': (actual, ms) => {
    lines('end', '1')(actual);
    between(ms, 300, 10_000);
  },

  'e06-daemon': (actual, ms) => {
    lines('end')(actual);
    // The daemons would sleep for 10 s.
    between(ms, 0, 9000);
  },

  'e07-join-in-loop': (actual, ms) => {
    lines('0', '1', '2', '3', '4', 'end')(actual);
    between(ms, 500, 20_000);
  },

  'e08-collect-and-join': (actual, ms) => {
    anyOrder(...range(5))(actual.slice(0, 5));
    lines('main thread')(actual.slice(5));
    // One after the other they would take 5 s.
    between(ms, 1000, 4900);
  },

  'e09-join-with-timeout': (actual) => {
    // At the boundary a number may come just after its join has given up, the last even after `end`.
    assert.deepEqual([...actual].sort(), [...range(5), 'end'].sort());
    assert.ok(actual.indexOf('end') >= 3, `end came too early: ${actual}`);
  },

  'e10-subclass-with-function': lines('1234'),

  'e11-subclass-overriding-run': anyOrder('running task t1', 'running task t2'),

  'e12-queue-basics': lines('QueueFullError', '1', '2', '0 true'),

  'e13-task-done-and-join': lines('first', 'false', 'second', 'true'),

  'e14-priority-queue': lines("[ 0, 'ccc' ]", "[ 3, 'abc' ]"),

  'e15-unsynchronised-num': (actual, ms) => {
    lines(...range(10, () => '0'), 'end')(actual);
    between(ms, 2000, 20_000);
  },

  'e16-lock-across-sleep': (actual, ms) => {
    lines('9', '8', '7', '6', '5', '4', '3', '2', '1', '0', 'end')(actual);
    between(ms, 500, 20_000);
  },

  'e17-bounded-semaphore': (actual, ms) => {
    const numbers = actual.slice(0, 10).map(Number);
    // A thread prints what is left after those that came in before it, and at most two more.
    numbers.forEach((number, i) => {
      assert.ok(number <= 9 - i && number >= 9 - i - 3, `line ${i} is ${number}`);
    });
    assert.equal(numbers.at(-1), 0);
    lines('at most 3 inside')(actual.slice(10));
    between(ms, 1600, 20_000);
  },

  'e18-event': lines('waiting', 'setting the event', 'the event is set: true', 'cleared: false', 'set in time: false'),

  'e19-traffic-light': (actual) => {
    const isCar = (line) => line === 'car [1] is running..';
    const yellow = range(5, () => 'yellow');
    lines('green', ...yellow, 'red', 'green', ...yellow, 'red', 'green')(actual.filter((line) => !isCar(line)));
    for (const [i, line] of actual.entries()) {
      if (line !== 'red') continue;
      // One car may have passed the light as it changed.
      const stopped = actual.slice(i + 1, actual.indexOf('green', i)).filter(isCar).length;
      assert.ok(stopped <= 1, `${stopped} cars ran at red`);
      const before = actual.slice(actual.lastIndexOf('green', i), i).filter(isCar).length;
      assert.ok(before >= 3, `only ${before} cars ran at green`);
    }
  },

  'e20-timer': (actual, ms) => {
    lines('hello, world')(actual);
    // The cancelled timer would have run for 20 s.
    between(ms, 200, 15_000);
  },

  'e21-producers-and-consumer': (actual) => {
    const bones = [1, 2, 3];
    anyOrder(
      ...[1, 2].flatMap((producer) => bones.map((bone) => `生产者${producer} 生产了骨头 ${bone}`)),
      ...bones.flatMap((bone) => [`消费者1-->取到骨头[${bone}]`, `消费者1-->取到骨头[${bone}]`]),
    )(actual);
  },

  'e22-producer-waits-for-consumer': (actual, ms) => {
    lines(...range(10, (i) => `消费者1-->取到[骨头 ${i + 1}]`), '-----------所有骨头都吃完了-----')(actual);
    between(ms, 300, 20_000);
  },

  'e25-pool-apply': (actual, ms) => {
    lines(...range(10, (i) => `hello world ${i}`), '0 1 2 3 4 5 6 7 8 9')(actual);
    between(ms, 400, 40_000);
  },

  'e25-processes': (actual, ms) => {
    lines(...range(10, (i) => `hello world ${i}`), '0 1 2 3 4 5 6 7 8 9')(actual);
    between(ms, 400, 60_000);
  },

  'e26-pool-apply-async': hundredTasks,

  'e26-processes': hundredTasks,

  'e29-main-and-child': (actual, ms) => {
    const child = range(5, (i) => `Printing ${i} from the child thread`);
    const main = range(3, (i) => `Executing task ${i} in the main thread`);
    const last = 'Main thread and child thread have finished executing';
    assert.deepEqual(
      actual.filter((line) => line.startsWith('Printing')),
      child,
    );
    assert.deepEqual(
      actual.filter((line) => line.startsWith('Executing')),
      main,
    );
    assert.equal(actual.length, 9);
    assert.equal(actual.at(-1), last);
    between(ms, 1200, 20_000);
  },

  'e30-two-threads-one-counter': lines('Final counter value: 200000'),

  'e32-cpu-use': (actual) => {
    const [alone, pool] = actual.map((line) => {
      const match = /^(\d+) (?:thread|workers): (\d+) primes, (\d+\.\d+) cores busy$/.exec(line);
      assert.ok(match !== null, line);
      return { threads: Number(match[1]), primes: Number(match[2]), busy: Number(match[3]) };
    });
    assert.deepEqual([actual.length, alone.threads], [2, 1]);
    // The primes below 1,200,000.
    assert.deepEqual([alone.primes, pool.primes], [92_938, 92_938]);
    // The collector and the compiler have threads of their own.
    assert.ok(alone.busy < 1.5, `one thread kept ${alone.busy} cores busy`);
    // Where not even one thread gets a core for itself, others have the machine, and it says nothing of ours.
    if (pool.threads > 1 && alone.busy > 0.9) {
      assert.ok(pool.busy > 1.2 * alone.busy, `${pool.threads} workers kept ${pool.busy} cores busy`);
    }
  },

  'e35-line-lengths': (actual) => {
    const lengths = readdirSync('lib', { recursive: true })
      .filter((name) => name.endsWith('.ts'))
      .flatMap((name) => readFileSync(`lib/${name}`, 'latin1').split('\n').slice(0, -1))
      .map((line) => line.length)
      .sort((a, b) => a - b);
    const occurrences = new Map();
    for (const length of lengths) occurrences.set(length, (occurrences.get(length) ?? 0) + 1);
    const mean = lengths.reduce((a, b) => a + b) / lengths.length;
    assert.match(actual[0], new RegExp(`^${lengths.length} lines in \\d+ files$`));
    assert.equal(
      actual[1],
      `mean ${mean.toFixed(1)}, median ${lengths[lengths.length >> 1]}, longest ${lengths.at(-1)}`,
    );
    assert.equal(actual[2], `${occurrences.size} different lengths, ${occurrences.get(0)} empty lines`);
    for (let i = 0; i < 4; i++) {
      const count = lengths.filter((length) => length >= 30 * i && length < 30 * (i + 1)).length;
      assert.match(actual[3 + i], new RegExp(`^from +${30 * i} to +${30 * (i + 1) - 1}: +${count} #*$`));
    }
    assert.equal(actual.length, 10);
    for (const line of actual.slice(7)) assert.match(line, /^lib\/.*\.ts:\d+ has \d+$/);
  },

  'e33-counter': anyOrder('499500', '49995000', '4999950000'),

  images: (actual) => {
    assert.equal(actual[0], '24 pictures, the edges 9f9a82e8');
    assert.match(actual[1], /^1 worker: \d+\.\d\d s$/);
    assert.match(actual[2], /^\d+ workers: \d+\.\d\d s, \d+\.\d\d times as fast$/);
    lines('the same edges: true')(actual.slice(3));
  },

  pipe: lines('received url_1', 'received url_2', 'received url_3', 'the other end is closed'),

  listener: lines('refused: true', 'the sum of 1, 2, 3 is 6', 'the sum of 40, 2 is 42', 'the sum of nothing is 0'),

  // A bar is drawn on terminals only.
  logs: lines('30 files: 120000 requests, 17142 failures, 239940000 bytes'),
};

/** On Linux: other words each time it is read. */
const NEVER_THE_SAME = '/proc/sys/kernel/random/uuid';

/** Runs of the demo: its arguments, and what comes of them. */
export const demoExpectations = {
  demo: {
    args: ['examples', 'README.md'],
    expect: (actual) => {
      assert.match(actual[0], /^Counting words .* examples, README\.md$/);
      assert.match(actual.join('\n'), /\n {2}1 thread .* 1\.00×\n {2}\d+ threads .*×\n/);
      assert.match(actual.join('\n'), /\n {2}thread +\d/);
      assert.match(actual.at(-1), /^One thread and \d+ threads agree exactly\.$/);
    },
  },
  'demo with a path that does not exist': {
    args: ['examples', 'no/such/path'],
    exitCode: 2,
    error: /no\/such\/path: there is no such file or directory/,
    expect: lines(),
  },
  ...(existsSync(NEVER_THE_SAME) && {
    'demo with a file that is never twice the same': {
      args: [NEVER_THE_SAME],
      exitCode: 1,
      error: /One thread and \d+ threads DISAGREE/,
      expect: (actual) => assert.doesNotMatch(actual.join('\n'), /agree exactly/),
    },
  }),
};

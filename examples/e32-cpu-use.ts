/** CPU use: one thread keeps one core busy, a pool keeps all of them busy. Node's threads know no GIL. */
import { availableParallelism } from 'node:os';
import { ThreadPoolExecutor } from 'heddle';

const TASKS = 60;
const SIZE = 20_000;
/** In turn, so that whatever else the machine does hits both alike. */
const TURNS = 5;

function countPrimes(first: number): number {
  let primes = 0;
  for (let n = Math.max(first, 2); n < first + SIZE; n++) {
    let d = 2;
    while (d * d <= n && n % d !== 0) d++;
    if (d * d > n) primes++;
  }
  return primes;
}

/** How many cores work keeps busy, as the operating system counts their time. */
class Meter {
  #primes = 0;
  #busy = 0;
  #elapsed = 0;

  async watch(work: () => Promise<number[]> | number[]): Promise<void> {
    const before = process.cpuUsage();
    const start = performance.now();
    for (const primes of await work()) this.#primes += primes;
    this.#elapsed += performance.now() - start;
    const { user, system } = process.cpuUsage(before);
    this.#busy += (user + system) / 1000;
  }

  toString(): string {
    return `${this.#primes} primes, ${(this.#busy / this.#elapsed).toFixed(2)} cores busy`;
  }
}

const workers = availableParallelism();
const executor = new ThreadPoolExecutor({ maxWorkers: workers });
// Starting a worker takes tens of milliseconds: they are there before the clock runs.
await executor.broadcast(countPrimes, 0);
const alone = new Meter();
const pool = new Meter();
for (let turn = 0; turn < TURNS; turn++) {
  const firsts = Array.from({ length: TASKS / TURNS }, (_, i) => (i * TURNS + turn) * SIZE);
  await alone.watch(() => firsts.map(countPrimes));
  await pool.watch(() => executor.map(countPrimes, firsts, { chunkSize: 1 }).toArray());
}
await executor.shutdown();

console.log(`1 thread: ${alone}`);
console.log(`${workers} workers: ${pool}`);

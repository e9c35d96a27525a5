/** Gates that hold tasks back, and open at the latest when the test has finished. */
import { Event, Semaphore } from 'heddle';
import type { Executor, Future } from 'heddle/futures';
import { onTestFinished } from 'vitest';
import * as tasks from '../fixtures/tasks.mjs';

/** A gate that opens at the latest when the test has finished. */
export function gateOfTest(): Event {
  const gate = new Event();
  onTestFinished(() => gate.set());
  return gate;
}

/** Occupies every worker of an executor until the gate opens. */
export async function occupy(executor: Executor, workers: number): Promise<{ gate: Event; names: Future<string>[] }> {
  const [started, gate] = [new Semaphore(0), new Event()];
  onTestFinished(() => gate.set());
  const names = Array.from({ length: workers }, () => executor.submit(tasks.blockAndSayWorker, started, gate));
  for (let i = 0; i < workers; i++) await started.acquire();
  return { gate, names };
}

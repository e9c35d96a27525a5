/**
 * What tasks bring with them that moves instead of being copied, from `submit` until the worker that runs the task
 * has it: see `door.ts` and `fetching.ts`. The submitter has lost it at `submit`; here it belongs to nobody else.
 */
import { Carriage, requireMovable } from '../codec/codec.js';
import { show } from '../engine/arguments.js';
import type { Owner } from './owner.js';

export class Cargo {
  readonly #owner: Owner | undefined;
  readonly #byIndex = new Map<number, object[]>();
  /** Most tasks need none. One that is in use is not here: a getter may submit tasks itself. */
  #spare: Carriage | undefined;

  constructor(owner: Owner | undefined) {
    this.#owner = owner;
  }

  /** For the arguments of a task. @throws TypeError for what cannot be moved from here. */
  carriage(transfer: readonly unknown[] | undefined): Carriage {
    const carriage = this.#spare ?? new Carriage(this.#owner?.carries ?? false);
    this.#spare = undefined;
    if (transfer !== undefined) carriage.listed = [...requireMovable(transfer)];
    if (!carriage.hasPort) carriage.listed.forEach(requireBuffer);
    return carriage;
  }

  /** One that has nothing to carry, and so is as good as new. */
  giveBack(unused: Carriage): void {
    this.#spare = unused;
  }

  set(index: number, items: object[]): void {
    this.#byIndex.set(index, items);
  }

  has(index: number): boolean {
    return this.#byIndex.has(index);
  }

  drop(index: number): void {
    this.#byIndex.delete(index);
  }

  /** Takes away from here what a new task brings, and sends it to the worker that is about to have the task. @throws As `load`, with nothing taken. */
  postAhead(index: number, worker: number, carriage: Carriage): void {
    this.#owner?.carrierOf(worker)?.post(index, carriage.carried, carriage.leaving);
  }

  /** Sends what belongs to a task to the worker that will run it. Throws what cannot be sent after all; nothing is sent then. */
  post(index: number, worker: number): void {
    const items = this.#byIndex.get(index) ?? [];
    this.#byIndex.delete(index);
    const carrier = this.#owner?.carrierOf(worker);
    try {
      carrier?.post(index, items);
    } catch (error) {
      // The worker waits for it.
      carrier?.post(index, []);
      throw error;
    }
  }

  /** Whether there is a way to a worker. */
  reaches(worker: number): boolean {
    return this.#owner?.carrierOf(worker) !== undefined;
  }

  /** What a worker has posted back. */
  takeBack(index: number, worker: number): void {
    this.#byIndex.set(index, this.receive(index, worker));
  }

  /** What a worker has sent with a result. */
  receive(index: number, worker: number): object[] {
    return this.#owner?.carrierOf(worker)?.take(index) ?? [];
  }
}

function requireBuffer(item: object, index: number): void {
  if (!(item instanceof ArrayBuffer))
    throw new TypeError(
      `transfer[${index}] must be an ArrayBuffer, got ${show(item)}; anything else can be moved by the thread alone that made the executor, and to threads`,
    );
}

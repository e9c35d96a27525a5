/** The contract of Barrier. */
import { BrokenBarrierError, Value } from 'heddle';
import { Barrier } from 'heddle/threading';
import { expect, it } from 'vitest';
import { type Reach, rejection, turn, until } from '../reach.js';
import { waitOptionsContract } from './options.js';

export function barrierContract(reach: Reach): void {
  it('lets everybody go when the last has arrived, each with a place of its own', async () => {
    const others = reach.partners(3);
    const barrier = new Barrier(4);
    const all = others.map(async (other, i) => {
      await until(() => barrier.nWaiting === i);
      return other.call(barrier, 'wait');
    });
    await until(() => barrier.nWaiting === 3);
    all.push(barrier.wait());
    expect(await Promise.all(all)).toEqual([0, 1, 2, 3]);
    expect(barrier.nWaiting).toBe(0);
    expect(barrier.broken).toBe(false);
  });

  it('of one party never waits', async () => {
    const barrier = new Barrier(1);
    expect(await barrier.wait()).toBe(0);
    expect(barrier.waitSync()).toBe(0);
    expect(await reach.partners(1)[0]!.call(barrier, 'wait')).toBe(0);
  });

  it.runIf(reach.numbers)('is used again and again, one round after the other', async () => {
    const others = reach.partners(2);
    const barrier = new Barrier(3);
    const arrived = new Value('i');
    const rounds = async (barrier: Barrier, arrived: Value, blocking: boolean): Promise<string> => {
      for (let round = 1; round <= 100; round++) {
        arrived.add(1);
        if (blocking) barrier.waitSync();
        else await barrier.wait();
        const seen = arrived.value;
        if (seen < 3 * round || seen > 3 * round + 2) return `round ${round}: ${seen} arrivals`;
      }
      return 'in step';
    };
    const all = await Promise.all([
      rounds(barrier, arrived, false),
      ...others.map((other) => other.run(rounds, barrier, arrived, reach.blocking)),
    ]);
    expect(all).toEqual(['in step', 'in step', 'in step']);
  });

  it('runs the action once a round, before anybody goes on', async () => {
    const [other] = reach.partners(1);
    let runs = 0;
    const barrier = new Barrier(2, {
      action: async () => {
        await turn();
        runs++;
      },
    });
    for (let round = 1; round <= 3; round++) {
      const waiting = other!.call(barrier, 'wait').then(() => runs);
      await until(() => barrier.nWaiting === 1);
      expect(await barrier.wait()).toBe(1);
      expect(runs).toBe(round);
      expect(await waiting).toBe(round);
    }
  });

  it.runIf(reach.numbers)('takes its action along: it runs on the side that arrives last', async () => {
    const [other] = reach.partners(1);
    const total = new Value('i');
    const barrier = new Barrier(2, { action: () => void total.add(5) });
    const waiting = barrier.wait();
    expect(await other!.call(barrier, 'wait')).toBe(1);
    expect(total.value).toBe(5);
    expect(await waiting).toBe(0);
  });

  it('breaks when the action throws: who ran it gets its error, the others BrokenBarrierError', async () => {
    const [other] = reach.partners(1);
    const failure = new Error('the action failed');
    const barrier = new Barrier(2, {
      action: () => {
        throw failure;
      },
    });
    const waiting = other!.call(barrier, 'wait');
    await until(() => barrier.nWaiting === 1);
    const refused = rejection(waiting);
    await expect(barrier.wait()).rejects.toBe(failure);
    expect(await refused).toBeInstanceOf(BrokenBarrierError);
    expect(barrier.broken).toBe(true);
    expect(() => new Barrier(1, { action: () => expect.unreachable() }).waitSync()).toThrow();
  });

  it('breaks when waitSync meets an action that returns a promise', () => {
    const barrier = new Barrier(1, { action: async () => {} });
    expect(() => barrier.waitSync()).toThrow(TypeError);
    expect(barrier.broken).toBe(true);
  });

  it('breaks for all when one does not want to wait any longer', async () => {
    const [first, second] = reach.partners(2);
    const barrier = new Barrier(3);
    const patient = rejection(first!.call(barrier, 'wait'));
    await until(() => barrier.nWaiting === 1);
    await expect(second!.call(barrier, 'wait', { timeout: 20 })).rejects.toThrow(BrokenBarrierError);
    expect(await patient).toBeInstanceOf(BrokenBarrierError);
    expect(barrier.broken).toBe(true);
    expect(barrier.nWaiting).toBe(0);
    await expect(first!.call(barrier, 'wait')).rejects.toThrow(BrokenBarrierError);
  });

  it('breaks at once with a timeout of 0, unless all are there', async () => {
    const [other] = reach.partners(1);
    const barrier = new Barrier(2);
    await expect(other!.call(barrier, 'wait', { timeout: 0 })).rejects.toThrow(BrokenBarrierError);
    expect(barrier.broken).toBe(true);
    barrier.reset();
    const waiting = barrier.wait();
    expect(await other!.call(barrier, 'wait', { timeout: 0 })).toBe(1);
    expect(await waiting).toBe(0);
  });

  it('uses its own timeout where a wait has none', async () => {
    const [other] = reach.partners(1);
    const barrier = new Barrier(2, { timeout: 20 });
    await expect(other!.call(barrier, 'wait')).rejects.toThrow(BrokenBarrierError);
    barrier.reset();
    await expect(barrier.wait()).rejects.toThrow('the other parties did not arrive in time');
    barrier.reset();
    const waiting = other!.call(barrier, 'wait', { timeout: 60_000 });
    await until(() => barrier.nWaiting === 1);
    expect(await barrier.wait()).toBe(1);
    expect(await waiting).toBe(0);
  });

  it('breaks when a wait is aborted, which rejects with the reason', async () => {
    const [other] = reach.partners(1);
    const barrier = new Barrier(3);
    const controller = new AbortController();
    const waiting = barrier.wait({ signal: controller.signal });
    const refused = rejection(other!.call(barrier, 'wait'));
    await until(() => barrier.nWaiting === 2);
    controller.abort('enough');
    await expect(waiting).rejects.toBe('enough');
    expect(await refused).toBeInstanceOf(BrokenBarrierError);
    expect(barrier.broken).toBe(true);
  });

  it('is not broken by a wait that was aborted before it began', async () => {
    const barrier = new Barrier(2);
    await expect(barrier.wait({ signal: AbortSignal.abort('before') })).rejects.toBe('before');
    expect(barrier.broken).toBe(false);
    expect(barrier.nWaiting).toBe(0);
  });

  it('sends everybody away on reset, and is whole again', async () => {
    const [other] = reach.partners(1);
    const barrier = new Barrier(3);
    const refused = rejection(other!.call(barrier, 'wait'));
    await until(() => barrier.nWaiting === 1);
    barrier.reset();
    expect(await refused).toBeInstanceOf(BrokenBarrierError);
    expect(barrier.broken).toBe(false);
    expect(barrier.nWaiting).toBe(0);
    const waiting = other!.call(barrier, 'wait');
    expect(await Promise.all([barrier.wait(), barrier.wait(), waiting])).toHaveLength(3);
  });

  it('stays broken from abort to reset', async () => {
    const [other] = reach.partners(1);
    const barrier = new Barrier(2);
    const refused = rejection(barrier.wait());
    await other!.call(barrier, 'abort');
    expect(await refused).toBeInstanceOf(BrokenBarrierError);
    expect(barrier.broken).toBe(true);
    await expect(other!.call(barrier, 'wait')).rejects.toThrow(BrokenBarrierError);
    expect(() => barrier.waitSync()).toThrow(BrokenBarrierError);
    barrier.reset();
    expect(barrier.broken).toBe(false);
  });

  it('knows its parties on either side', async () => {
    const barrier = new Barrier(5);
    expect(barrier.parties).toBe(5);
    expect(await reach.partners(1)[0]!.run((barrier) => barrier.parties, barrier)).toBe(5);
  });

  it('refuses what makes no barrier', () => {
    expect(() => new Barrier(0)).toThrow(RangeError);
    expect(() => new Barrier(0)).toThrow('parties must be at least 1, got 0');
    expect(() => new Barrier(1.5)).toThrow(RangeError);
    expect(() => new Barrier('2' as never)).toThrow(TypeError);
    expect(() => new Barrier(undefined as never)).toThrow(TypeError);
    expect(() => new Barrier(2, { action: 'go' as never })).toThrow("action must be a function, got 'go'");
    expect(() => new Barrier(2, { timeout: -1 })).toThrow(RangeError);
    expect(() => new Barrier(2, 5 as never)).toThrow(TypeError);
  });

  waitOptionsContract(
    (options) => new Barrier(1).wait(options),
    (options) => new Barrier(1).waitSync(options),
  );
}

/** The contract of Event. */
import { Event } from 'heddle/threading';
import { expect, it } from 'vitest';
import { type Reach, turn, until, waiters } from '../reach.js';
import { waitOptionsContract } from './options.js';

export function eventContract(reach: Reach): void {
  it('is clear at first, and set from set to clear, for either side', async () => {
    const [other] = reach.partners(1);
    const event = new Event();
    expect(event.isSet()).toBe(false);
    event.set();
    event.set();
    expect(await other!.call(event, 'isSet')).toBe(true);
    expect(await other!.call(event, 'wait')).toBe(true);
    await other!.call(event, 'clear');
    expect(event.isSet()).toBe(false);
    event.clear();
    expect(event.isSet()).toBe(false);
  });

  it('releases everybody who waits', async () => {
    const others = reach.partners(3);
    const event = new Event();
    const all = [event.wait(), ...others.map((other) => other.call(event, 'wait'))];
    await until(() => waiters(event) === 4);
    event.set();
    expect(await Promise.all(all)).toEqual([true, true, true, true]);
    expect(waiters(event)).toBe(0);
  });

  it('is set from the other side', async () => {
    const event = new Event();
    const waiting = event.wait();
    await reach.partners(1)[0]!.call(event, 'set');
    expect(await waiting).toBe(true);
  });

  it('releases with true everybody who waited when it is set and cleared at once', async () => {
    const others = reach.partners(2);
    const event = new Event();
    const all = [event.wait(), event.wait({ timeout: 60_000 }), ...others.map((other) => other.call(event, 'wait'))];
    await until(() => waiters(event) === 4);
    event.set();
    event.clear();
    expect(await Promise.all(all)).toEqual([true, true, true, true]);
    expect(event.isSet()).toBe(false);
  });

  it('makes those wait who come after it was cleared', async () => {
    const event = new Event();
    event.set();
    event.clear();
    const waiting = event.wait();
    await turn();
    expect(waiters(event)).toBe(1);
    event.set();
    expect(await waiting).toBe(true);
  });

  it('gives up with false when the timeout has passed', async () => {
    const [other] = reach.partners(1);
    const event = new Event();
    expect(await other!.call(event, 'wait', { timeout: 20 })).toBe(false);
    expect(await other!.call(event, 'wait', { timeout: 0 })).toBe(false);
    expect(waiters(event)).toBe(0);
    event.set();
    expect(await other!.call(event, 'wait', { timeout: 0 })).toBe(true);
  });

  it('rejects with the reason of an abort', async () => {
    const event = new Event();
    const controller = new AbortController();
    const waiting = event.wait({ signal: controller.signal });
    controller.abort('enough');
    await expect(waiting).rejects.toBe('enough');
    expect(waiters(event)).toBe(0);
  });

  it('counts as set for who was released before the abort', async () => {
    const event = new Event();
    const controller = new AbortController();
    const waiting = event.wait({ signal: controller.signal });
    event.set();
    controller.abort();
    expect(await waiting).toBe(true);
  });

  waitOptionsContract(
    (options) => new Event().wait(options),
    (options) => new Event().waitSync(options),
  );
}

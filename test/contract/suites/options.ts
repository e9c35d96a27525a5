/** What every call that waits does with its options. */
import { expect, it } from 'vitest';

type Wait = (options: never) => unknown;

/**
 * @param begin Calls the promise form and returns its promise.
 * @param beginSync Calls the Sync twin.
 */
export function waitOptionsContract(begin: Wait, beginSync: Wait): void {
  const wait = begin as (options: unknown) => Promise<unknown>;
  const waitSync = beginSync as (options: unknown) => unknown;

  it.each([-1, Number.NaN, Number.NEGATIVE_INFINITY])('refuses a timeout of %s', async (timeout) => {
    await expect(wait({ timeout })).rejects.toThrow(RangeError);
    await expect(wait({ timeout })).rejects.toThrow(`timeout must be a number of milliseconds ≥ 0, got ${timeout}`);
    expect(() => waitSync({ timeout })).toThrow(RangeError);
  });

  it.each(['1', null, {}, 1n])('refuses a timeout that is no number: %o', async (timeout) => {
    await expect(wait({ timeout })).rejects.toThrow(TypeError);
    expect(() => waitSync({ timeout })).toThrow(/timeout must be a number of milliseconds, got/);
  });

  it.each([100, 'options', true, null])('refuses options that are no object: %o', async (options) => {
    await expect(wait(options)).rejects.toThrow(TypeError);
    expect(() => waitSync(options)).toThrow(/options must be an object, got/);
  });

  it('refuses a signal that is none', async () => {
    await expect(wait({ signal: {} })).rejects.toThrow('signal must be an AbortSignal, got {}');
  });

  it('rejects at once with the reason of a signal that is aborted already', async () => {
    const reason = new Error('no longer wanted');
    await expect(wait({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });
}

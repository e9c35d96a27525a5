import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { engine } from '#dist/engine/select.js';
import { insistUntil, lookUntil, mayLook } from '#dist/executors/look.js';

describe('looking', () => {
  // Whatever else the machine does.
  beforeEach(() => {
    vi.spyOn(engine, 'leaveCore').mockReturnValue(false);
    vi.spyOn(engine, 'isCoreWanted').mockReturnValue(false);
  });
  afterEach(() => {
    vi.restoreAllMocks();
  });

  it('ends with what it looks for', () => {
    let looks = 0;
    expect(lookUntil(performance.now() + 60_000, () => ++looks === 1000)).toBe(true);
    expect(looks).toBe(1000);
  });

  it('ends when its time has passed', () => {
    const end = performance.now() + 1;
    expect(lookUntil(end, () => false)).toBe(false);
    expect(performance.now()).toBeGreaterThanOrEqual(end);
  });

  it('does not begin after its end', () => {
    expect(lookUntil(performance.now() - 1, () => true)).toBe(false);
  });

  it('gives way after a while, but does not make it a habit', () => {
    settle();
    const yieldCore = vi.spyOn(engine, 'yieldCore');
    try {
      /** Looks for what is there only once it has given way, or has looked far more often than it does before that. */
      const givesWay = (): boolean => {
        yieldCore.mockClear();
        let looks = 0;
        expect(lookUntil(performance.now() + 60_000, () => yieldCore.mock.calls.length > 0 || ++looks > 300_000)).toBe(
          true,
        );
        return yieldCore.mock.calls.length > 0;
      };
      expect(Array.from({ length: 48 }, givesWay)).toEqual(Array.from({ length: 48 }, (_, i) => i % 32 < 16));
    } finally {
      yieldCore.mockRestore();
    }
  });

  it('leaves the core that it shares, and makes a habit of giving way then', () => {
    settle();
    const leaveCore = vi.mocked(engine.leaveCore).mockReturnValue(true);
    const yieldCore = vi.spyOn(engine, 'yieldCore');
    for (let i = 0; i < 48; i++) {
      const before = yieldCore.mock.calls.length;
      expect(lookUntil(performance.now() + 60_000, () => yieldCore.mock.calls.length > before)).toBe(true);
    }
    expect(leaveCore).toHaveBeenCalledTimes(3);
  });

  it('ends where others want the core, unless it insists', () => {
    settle();
    expect(mayLook()).toBe(true);
    vi.mocked(engine.isCoreWanted).mockReturnValue(true);
    expect(mayLook()).toBe(false);
    const begun = performance.now();
    expect(lookUntil(begun + 60_000, () => false)).toBe(false);
    expect(performance.now()).toBeLessThan(begun + 60_000);
    let looks = 0;
    expect(insistUntil(performance.now() + 60_000, () => ++looks > 100_000)).toBe(true);
    expect(insistUntil(performance.now() + 1, () => false)).toBe(false);
  });

  it('does not give way for long where that does not help', () => {
    settle();
    const yieldCore = vi.spyOn(engine, 'yieldCore');
    try {
      yieldCore.mockClear();
      const inVain = (): boolean => lookUntil(performance.now() + 1, () => false);
      while (yieldCore.mock.calls.length < 32) inVain();
      for (let i = 0; i < 64; i++) inVain();
      expect(yieldCore).toHaveBeenCalledTimes(32);
      while (yieldCore.mock.calls.length < 33) inVain();
    } finally {
      yieldCore.mockRestore();
    }
  });
});

/** Ends any habit of earlier looks. */
function settle(): void {
  // It helps once, and is then found at once until no look abstains.
  for (let i = 0; i < 100; i++) lookUntil(performance.now() + 60_000, () => true);
  let gaveWay = false;
  const yieldCore = vi.spyOn(engine, 'yieldCore').mockImplementation(() => {
    gaveWay = true;
  });
  lookUntil(performance.now() + 60_000, () => gaveWay);
  yieldCore.mockRestore();
  for (let i = 0; i < 100; i++) lookUntil(performance.now() + 60_000, () => true);
}

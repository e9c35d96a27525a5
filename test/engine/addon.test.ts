/** The loader: which of the addons that lie there it takes, and why not the others. */
import { expect, it } from 'vitest';
import { loadAddon, prebuildName } from '#dist/engine/addon.js';
import { LAYOUT_HASH } from '#dist/memory/layout-hash.js';

/** Opens the prebuilt addon alone: one that says this of itself. */
function prebuilt(addon: { layoutHash: number; selfTest(): string | undefined }) {
  return (file: string) => {
    if (file.includes('prebuilds')) return addon;
    throw Object.assign(new Error('not there'), { code: 'ENOENT' });
  };
}

it('a prebuilt addon that passes its self-test is taken', () => {
  const addon = { layoutHash: LAYOUT_HASH, selfTest: () => undefined };
  expect(loadAddon(prebuilt(addon))).toEqual({ addon, refusals: [] });
});

it('why one that was built here was passed over is kept', () => {
  const addon = { layoutHash: LAYOUT_HASH, selfTest: () => undefined };
  const open = (file: string) => (file.includes('prebuilds') ? addon : { ...addon, layoutHash: 1 });
  const { addon: taken, refusals } = loadAddon(open);
  expect(taken).toBe(addon);
  expect(refusals).toHaveLength(1);
  expect(refusals[0]).toMatch(/^build\/Release\/heddle\.node: built from other sources/);
});

it('one whose self-test fails is refused with what failed', () => {
  const { addon, refusals } = loadAddon(
    prebuilt({ layoutHash: LAYOUT_HASH, selfTest: () => 'a thread that slept was not woken' }),
  );
  expect(addon).toBeUndefined();
  expect(refusals).toHaveLength(2);
  expect(refusals[1]).toContain(`prebuilds/${prebuildName()}/heddle.node: its self-test failed: a thread that slept`);
  expect(refusals[1]).toContain('npm explore heddle -- npm run build:native');
});

it('one of another layout is refused before anything in it is called', () => {
  const { addon, refusals } = loadAddon(
    prebuilt({
      layoutHash: 1,
      selfTest() {
        throw new Error('called');
      },
    }),
  );
  expect(addon).toBeUndefined();
  expect(refusals[1]).toContain('built from other sources than this package (layout 0x1,');
});

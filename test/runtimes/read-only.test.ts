/** A package in which nothing can be written, as in an archive or an image, for a user who is not its owner. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Copy, OWN_PROCESS, runProgram } from './confined.js';

/** Root may write what nobody may. */
const uid = process.getuid?.() === 0 ? 65534 : undefined;
let copy: Copy;
beforeAll(() => {
  copy = new Copy();
  copy.forbidWriting();
});
afterAll(() => copy.remove());

it('works as any other', async () => {
  const { code, output, said } = await runProgram(`${copy.path}/fixtures/work.mjs`, uid === undefined ? {} : { uid });
  expect(code, output).toBe(0);
  expect(said('engine')).toMatch(new RegExp(`^${process.env.HEDDLE_ENGINE}`));
  expect([said('lock'), said('threads'), said('process')]).toEqual(['false', '200', OWN_PROCESS]);
});

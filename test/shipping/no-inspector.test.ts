/**
 * Where there is no inspector, functions travel by reference and as source that needs nothing around
 * it; all others are refused with the variable and the remedy.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import { pathOf, type Report, runFixture } from './program.js';

const permission = process.allowedNodeEnvironmentFlags.has('--permission')
  ? '--permission'
  : '--experimental-permission';

describe.each([
  ['under the permission model', [permission, '--allow-fs-read=*', '--allow-worker', '--allow-addons']],
  ['where Node.js was built without it', ['--require', pathOf('uninspected/preload.cjs')]],
])('%s', (_, flags) => {
  let report: Report;
  beforeAll(async () => {
    report = await runFixture('no-inspector.mjs', flags);
  });

  it('there is no inspector', () => expect(report.value('refusal')).toBe(true));

  it.each([
    ['selfContained', 1],
    ['asynchronous', 2],
    ['generator', [1]],
    ['recursive', 'end'],
    ['method', 2],
    ['class', 'hi'],
    ['dynamicImport', 'b'],
    ['argument', true],
  ])('travels as source: %s', (name, value) => expect(report.value(name)).toEqual(value));

  it.each([
    ['builtin', 'a/b'],
    ['global', 2],
    ['exported', [2, 4, expect.any(Number)]],
    ['exportedArrow', 3],
    ['reexported', 'hi you'],
    ['commonjs', [2, 4]],
    ['commonjsProperty', 3],
  ])('travels by reference: %s', (name, value) => expect(report.value(name)).toEqual(value));

  it.each([
    ['captures', 'captured'],
    ['capturesFunction', 'helper'],
    ['capturesLock', 'lock'],
    ['import', 'join'],
    ['notExported', 'table'],
    ['ofProgram', 'captured'],
    ['exportedClass', 'Shape'],
  ])('is refused when it captures something: %s', (name, variable) => {
    const { code, message } = report.error(name);
    expect(code).toBe('ERR_HEDDLE_FUNCTION_NOT_SHIPPABLE');
    expect(message).toContain(`it uses the variable \`${variable}\`, and captured variables cannot be read`);
    expect(message).toMatch(
      /without node:inspector; pass it as an argument, or export the function from another module/,
    );
  });

  it.each([
    [
      'sharedObject',
      /'lockedByModule'.*`lock`, a Lock of its module.*another one in each thread.*pass it as an argument/,
    ],
    ['bound', /'bound recursive'.*made by bind\(\).*send the function, and what is bound as arguments/],
    ['this', /`this` of the code around it; pass the object as an argument/],
  ])('is refused: %s', (name, message) => expect(report.error(name).message).toMatch(message));
});

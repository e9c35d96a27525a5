/** Classes travel whole, with what they extend; instances with their class. */
import { beforeAll, describe, expect, it } from 'vitest';
import { type Report, runFixture } from './program.js';

let report: Report;
beforeAll(async () => {
  report = await runFixture('classes.mjs');
});

describe('a class sent to another thread', () => {
  it('brings the class it extends, its private fields and its accessors', () =>
    expect(report.value('inheritance')).toEqual(['3cm!5', '2cm!5', 5]));
  it('evaluates its static fields and blocks with what they capture', () =>
    expect(report.value('statics')).toEqual(['derived from base', [10, 20], 10, 'cm', 'base']));
  it('may use the class that extends it', () =>
    expect(report.value('cycleFromBase')).toEqual(['2cm!5', 'added', true]));
  it('may extend a class that uses it', () =>
    expect(report.value('cycleFromDerived')).toEqual([true, 'Base', 'Derived']));
  it('may extend an imported class', () => expect(report.value('importedSuperclass')).toEqual([8, true]));
  it('may extend a builtin class', () => expect(report.value('builtinSuperclass')).toBe(2));
  it('may keep functions that use it in static fields', () => expect(report.value('ownStatics')).toEqual([2, 10]));
  it('may be without a name', () => expect(report.value('anonymous')).toEqual(['cm', 'Anonymous']));
  it('shares a captured variable with the classes that travel along', () =>
    expect(report.value('sharedCounter')).toBe(2));
});

describe('an instance', () => {
  it('keeps its class, and so do the instances in its properties', () =>
    expect(report.value('instance')).toEqual([[7, 7, '7cm', 'cm'], 'Job', false]));
  it('may leave properties behind', () => expect(report.value('instanceWithout')).toEqual(['id']));
  it.each(['privateState', 'capturedPrivateState'])('is refused when its state is private: %s', (name) => {
    const { code, message } = report.error(name);
    expect(code).toBe('ERR_HEDDLE_FUNCTION_NOT_SHIPPABLE');
    expect(message).toMatch(/class 'Closed'.*#state.*registerClass/);
  });
});

describe('a registered class', () => {
  let registered: Report;
  beforeAll(async () => {
    registered = await runFixture('registered.mjs');
  });

  it.each([
    ['private', 2.5],
    ['privateBlocking', 2.5],
    ['plain', 2],
    ['error', ['LimitError', 'too many']],
  ])('is imported where an instance of it arrives: %s', (name, value) => expect(registered.value(name)).toEqual(value));
  it('of the program itself is not: the program would run again', () => {
    expect(registered.value('ofProgram')).toMatch(/'OfProgram' arrived.*not registered.*module: import\.meta\.url/);
    expect(registered.value('runs')).toBeUndefined();
  });
  it('names its module by a file URL', () =>
    expect(registered.error('wrong').message).toMatch(/module must be a file: URL.*'\.\/here\.js'/));
});

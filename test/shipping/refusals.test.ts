/** What cannot travel is refused at once, by name and with a remedy. */
import { beforeAll, describe, expect, it } from 'vitest';
import { type Report, runFixture } from './program.js';

let report: Report;
beforeAll(async () => {
  report = await runFixture('refusals.mjs');
});

describe('a function is refused', () => {
  it.each([
    ['that captures a server', 'value', /captures server, a Server .*make it where it is used/],
    ['that captures a server inside an object', 'nestedValue', /captures nested\.inner\.server, a Server/],
    ['that captures a promise', 'promise', /captures promise, a Promise .*await it first/],
    ['that captures a function which captures a server', 'inCapturedFunction', /captures helper.*server, a Server/],
    ['that is an arrow function with the this around it', 'this', /`this`.*pass the object as an argument/],
    ['that uses a private name', 'privateName', /#secret/],
    ['that uses super of the code around it', 'super', /super/],
    ['that is a method with super', 'superOfMethod', /function 'hi'.*super/],
    ['that uses arguments of the code around it', 'arguments', /`arguments`/],
    ['that uses new.target of the code around it', 'newTarget', /`new\.target`/],
    ['that calls eval', 'eval', /eval.*export it from a module/],
    ['that is a getter', 'accessor', /function 'get x'.*getter/],
    ['that is native', 'native', /native code/],
  ])('%s', (_, name, message) => {
    const error = report.error(name);
    expect(error.message).toMatch(message);
    expect(error.name).toBe('FunctionNotShippableError');
    expect(error.code).toBe('ERR_HEDDLE_FUNCTION_NOT_SHIPPABLE');
  });

  it('that is none', () => {
    const { name, message } = report.error('notAFunction');
    expect(name).toBe('TypeError');
    expect(message).toBe('target must be a function, got number');
  });
});

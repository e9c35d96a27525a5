/** What stands for functions and classes until they are loaded: nobody can tell it from them. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'heddle-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** What an expression is in a program that has done nothing with heddle but import it, as `heddle`. */
async function inNewProgram(expression: string): Promise<unknown> {
  const file = join(folder, 'program.mjs');
  const dist = import.meta.resolve('#dist/index.js').replace('index.js', '');
  writeFileSync(
    file,
    `import * as heddle from '${dist}index.js';
    const at = (module) => import('${dist}' + module);
    console.log(JSON.stringify(await (async () => ${expression})()));`,
  );
  return JSON.parse((await promisify(execFile)(process.execPath, [file])).stdout);
}

describe('a class that is not loaded yet', () => {
  it.each([
    ['is a function', `typeof heddle.Queue`, 'function'],
    ['has its name', `heddle.Queue.name`, 'Queue'],
    ['has its length', `heddle.Timer.length`, 3],
    ['has its prototype', `typeof heddle.Queue.prototype.getSync`, 'function'],
    ['has the descriptors of a class', `Object.getOwnPropertyDescriptor(heddle.Queue, 'prototype').writable`, false],
    ['has the keys of a class', `Reflect.ownKeys(heddle.Queue)`, ['length', 'name', 'prototype']],
    ['knows no instance', `({}) instanceof heddle.Queue`, false],
    ['makes instances', `new heddle.Queue() instanceof heddle.Queue`, true],
    ['is their constructor', `new heddle.Queue().constructor === heddle.Queue`, true],
    [
      'is that of instances it has not made',
      `new (await at('queues/queue.js')).Queue().constructor === heddle.Queue`,
      true,
    ],
    ['knows instances it has not made', `new (await at('queues/queue.js')).Queue() instanceof heddle.Queue`, true],
    ['is a base class of those that are', `new heddle.Timer(1, () => {}) instanceof heddle.Thread`, true],
    ['passes constructor arguments on', `new heddle.Queue({ maxSize: 3 }).maxSize`, 3],
    ['cannot be called', `{ try { heddle.Queue(); } catch (error) { return error.name; } }`, 'TypeError'],
    ['takes properties', `((heddle.Queue.mark = 7), heddle.Queue.mark)`, 7],
    ['is the same by every name', `(await at('queue.js')).Queue === (await at('multiprocessing.js')).Queue`, true],
  ])('%s', async (_, expression, expected) => {
    expect(await inNewProgram(expression)).toEqual(expected);
  });

  it('can be extended', async () => {
    const facts = await inNewProgram(`{
      class Mine extends heddle.Queue {
        #count = 5;
        static make() { return new this(); }
        getNowait() { return super.getNowait() + this.#count; }
      }
      const mine = Mine.make();
      mine.putNowait(1);
      return [
        mine.getNowait(),
        mine instanceof Mine,
        mine instanceof heddle.Queue,
        mine.constructor === Mine,
        Object.getPrototypeOf(Mine) === heddle.Queue,
        Mine.name,
      ];
    }`);
    expect(facts).toEqual([6, true, true, true, true, 'Mine']);
  });
});

describe('a function that is not loaded yet', () => {
  it('has its name', async () => {
    expect(await inNewProgram(`[heddle.currentThread.name, heddle.wait.length]`)).toEqual(['currentThread', 2]);
  });

  it('can be called', async () => {
    expect(await inNewProgram(`heddle.currentThread().name`)).toBe('MainThread');
  });
});

describe('in a function that travels, what stands for a class', () => {
  it('travels as the class, captured', async () => {
    const result = await inNewProgram(`{
      const { Value, ThreadPoolExecutor } = heddle;
      const executor = new ThreadPoolExecutor({ maxWorkers: 1 });
      const read = () => { const value = new Value('i', 4); return [value.value, value instanceof Value]; };
      const result = await executor.submit(read);
      await executor.shutdown();
      return result;
    }`);
    expect(result).toEqual([4, true]);
  });

  it('travels as the class, sent', async () => {
    const result = await inNewProgram(`{
      const executor = new heddle.ThreadPoolExecutor({ maxWorkers: 1 });
      const result = await executor.submit((Class) => new Class(2).maxSize, heddle.Queue);
      await executor.shutdown();
      return result;
    }`);
    expect(result).toBe(2);
  });
});

/** Functions of code that a test runner has rewritten: this file, as vitest runs it. */

import * as path from 'node:path';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterAll, describe, expect, it } from 'vitest';
import { ship } from '#dist/shipping/ship.js';
import { arrow } from './fixtures/module.mjs';
import { pathOf } from './program.js';

const worker = new Worker(pathOf('carry-worker.mjs'));
afterAll(async () => {
  await worker.terminate();
});

function carry<A extends unknown[]>(fn: (...args: A) => unknown, ...args: A): Promise<unknown> {
  worker.postMessage({ shipped: ship(fn), args });
  return new Promise((resolve, reject) => {
    worker.once('message', ({ value, error }) => (error === undefined ? resolve(value) : reject(error)));
  });
}

const settings = { level: 3 };
let count = 1;

describe('rewritten code', () => {
  it('keeps its variables', async () => {
    count++;
    expect(await carry((x: number) => [x, settings.level, count], 1)).toEqual([1, 3, 2]);
  });
  it('keeps named imports', async () => expect(await carry(() => join('a', 'b'))).toBe('a/b'));
  it('keeps namespace imports', async () => expect(await carry(() => path.join('a', 'c'))).toBe('a/c'));
  it('keeps imports of modules that Node.js can load', async () => expect(await carry(() => arrow(1))).toBe(2));
  it('keeps functions imported from modules that only the test runner can load', async () =>
    expect(await carry(() => typeof pathOf('x'))).toBe('string'));
  it('keeps import.meta', async () => expect(await carry(() => import.meta.url)).toBe(import.meta.url));
  it('keeps import()', async () =>
    expect(await carry(async () => (await import('node:path')).basename('/a/b'))).toBe('b'));
  it('keeps the name of an imported function that is sent itself', async () => expect(await carry(arrow, 4)).toBe(5));
});

/** Imports are resolved as Node resolves them, from any module. */
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { resolveImport } from '#dist/shipping/resolution.js';

const root = realpathSync(mkdtempSync(join(tmpdir(), 'resolution-')));
const parent = pathToFileURL(join(root, 'app', 'main.mjs')).href;

function put(file: string, content: unknown = ''): void {
  mkdirSync(dirname(join(root, file)), { recursive: true });
  writeFileSync(join(root, file), typeof content === 'string' ? content : JSON.stringify(content));
}

beforeAll(() => {
  put('app/package.json', {
    name: 'app',
    exports: { '.': './main.mjs', './part': './part.mjs' },
    imports: { '#inner/*': './inner/*.mjs', '#dep': 'dual' },
  });
  put('app/main.mjs');
  put('app/part.mjs');
  put('app/inner/a.mjs');
  put('app/other file.mjs');
  put('app/node_modules/dual/package.json', {
    exports: {
      '.': { import: './esm.mjs', require: './cjs.cjs' },
      './feature/*': ['./missing/*.js', './features/*.js'],
      './feature/private/*': null,
      './data.json': './data.json',
    },
  });
  for (const file of ['esm.mjs', 'cjs.cjs', 'features/x.js', 'features/private/x.js', 'data.json'])
    put(`app/node_modules/dual/${file}`);
  put('app/node_modules/sugar/package.json', {
    exports: { browser: './browser.js', node: { import: './node.mjs' }, default: './default.js' },
  });
  for (const file of ['browser.js', 'node.mjs', 'default.js']) put(`app/node_modules/sugar/${file}`);
  put('app/node_modules/old/package.json', { main: 'lib/main' });
  put('app/node_modules/old/lib/main.js');
  put('app/node_modules/old/lib/deep.js');
  put('node_modules/@scope/above/index.js');
  put('linked/package.json', { main: 'index.js' });
  put('linked/index.js');
  symlinkSync(join(root, 'linked'), join(root, 'app/node_modules/linked'), 'dir');
});
afterAll(() => rmSync(root, { recursive: true }));

const at = (file: string): string => pathToFileURL(join(root, file)).href;

describe('an import resolves', () => {
  it.each([
    ['./part.mjs', 'app/part.mjs'],
    ['../linked/index.js', 'linked/index.js'],
    ['./other%20file.mjs', 'app/other file.mjs'],
    ['dual', 'app/node_modules/dual/esm.mjs'],
    ['dual/feature/x', 'app/node_modules/dual/features/x.js'],
    ['dual/data.json', 'app/node_modules/dual/data.json'],
    ['sugar', 'app/node_modules/sugar/node.mjs'],
    ['old', 'app/node_modules/old/lib/main.js'],
    ['old/lib/deep.js', 'app/node_modules/old/lib/deep.js'],
    ['@scope/above', 'node_modules/@scope/above/index.js'],
    ['linked', 'linked/index.js'],
    ['#inner/a', 'app/inner/a.mjs'],
    ['#dep', 'app/node_modules/dual/esm.mjs'],
    ['app/part', 'app/part.mjs'],
  ])('%s', (specifier, file) => expect(resolveImport(specifier, parent, 'import')).toBe(at(file)));

  it('as require does for require', () =>
    expect(resolveImport('dual', parent, 'require')).toBe(at('app/node_modules/dual/cjs.cjs')));
  it('to a builtin, by its full name', () =>
    expect([resolveImport('fs', parent, 'import'), resolveImport('node:test', parent, 'import')]).toEqual([
      'node:fs',
      'node:test',
    ]));
  it('to heddle itself, wherever that would be found', () =>
    expect(resolveImport('heddle/queue', parent, 'import')).toBe('heddle/queue'));
  it('to itself when it is a URL', () =>
    expect(resolveImport(at('app/part.mjs'), parent, 'import')).toBe(at('app/part.mjs')));
  it.each(['./nothing.mjs', 'nothing', 'dual/hidden', 'dual/feature/private/x', '#nothing'])(
    'to nothing: %s',
    (specifier) => expect(resolveImport(specifier, parent, 'import')).toBeUndefined(),
  );
});

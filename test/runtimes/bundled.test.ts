/** A bundle with heddle inside: it says at once, whichever entry point it has and whatever it is made into, what to do. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Format } from 'esbuild';
import { afterAll, expect, it } from 'vitest';
import { runProgram } from './confined.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const out = mkdtempSync(join(tmpdir(), 'heddle-bundled-'));
afterAll(() => rmSync(out, { recursive: true }));

const entries = ['', '/threading', '/queue', '/futures', '/multiprocessing', '/parallel'];
const formats: [Format, string][] = [
  ['esm', 'mjs'],
  ['cjs', 'cjs'],
];

async function bundle(entry: string, [format, extension]: [Format, string]): Promise<string> {
  const outfile = join(out, `bundle.${extension}`);
  const contents = `import * as heddle from 'heddle${entry}'; console.log('names:', Object.keys(heddle).length);`;
  const stdin = { contents, resolveDir: root };
  await build({ stdin, bundle: true, platform: 'node', format, outfile, logLevel: 'silent' });
  return outfile;
}

it.each(entries.flatMap((entry) => formats.map((format) => [entry, format] as const)))(
  'heddle%s in a bundle is refused, with the option that leaves it out: %s',
  async (entry, format) => {
    const { code, output } = await runProgram(await bundle(entry, format));
    expect(code).toBe(1);
    expect(output).toContain('heddle has been made part of a bundle');
    expect(output).toContain('--external:heddle');
    expect(output).toContain('ERR_HEDDLE_ENGINE_UNAVAILABLE');
  },
);

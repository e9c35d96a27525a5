/**
 * What of `dist/` goes into the tarball: the code, without indentation, and the declarations that those of the entry
 * points lead to; the ones of the engine and its memory, which are no users' business, without comments. Source maps,
 * which would be of use only beside the whole of `lib/`, and declarations of what nobody can import stay here.
 *
 * npm packs what lies there, so `dist/` is trimmed before and put back after it.
 */
import { cpSync, existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { transformSync } from 'esbuild';

const root = fileURLToPath(new URL('../../', import.meta.url));
const dist = path.join(root, 'dist');
const whole = path.join(root, 'build/whole-dist');

/** Declarations that somebody who imports an entry point has to do with, as paths below `dist`. */
function publicDeclarations() {
  const { exports } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
  const entries = Object.values(exports).flatMap(({ types }) => types ?? []);
  const found = new Set(entries.map((entry) => path.posix.relative('dist', entry)));
  for (const name of found) {
    const text = readFileSync(path.join(dist, name), 'utf8');
    for (const [, specifier] of text.matchAll(/(?:\bfrom|\bimport\(|^import) ?['"](\.[^'"]+)\.js['"]/gm))
      found.add(`${path.posix.join(path.posix.dirname(name), specifier)}.d.ts`);
  }
  return found;
}

export function trimDist() {
  rmSync(whole, { recursive: true, force: true });
  cpSync(dist, whole, { recursive: true, preserveTimestamps: true });
  // Should nobody put it back, the next build makes it anew.
  rmSync(path.join(dist, '.built'), { force: true });
  const wanted = publicDeclarations();
  for (const file of readdirSync(dist, { recursive: true })) {
    const name = file.replaceAll(path.sep, '/');
    const where = path.join(dist, file);
    if (name.endsWith('.map') || (name.endsWith('.d.ts') && !wanted.has(name))) rmSync(where);
    if (/\.c?js$/.test(name)) {
      const { code } = transformSync(readFileSync(where, 'utf8'), {
        minifyWhitespace: true,
        legalComments: 'none',
        charset: 'utf8',
        target: 'esnext',
      });
      writeFileSync(where, code);
    } else if (wanted.has(name) && /^(memory|engine)\//.test(name)) {
      writeFileSync(where, readFileSync(where, 'utf8').replaceAll(/^ *\/\*\*(?:[^*]|\*(?!\/))*\*\/\n/gm, ''));
    }
  }
}

export function restoreDist() {
  if (!existsSync(whole)) return;
  rmSync(dist, { recursive: true, force: true });
  renameSync(whole, dist);
}

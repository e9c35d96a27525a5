/**
 * What of `dist/` goes into the tarball: the code, without indentation, and the declarations that those of the entry
 * points lead to, without comments where nobody who uses what they export is shown them. Source maps,
 * which would be of use only beside the whole of `lib/`, and declarations of what nobody can import stay here. The
 * sources of the addon are there to be compiled: they go into `dist/native/`, without comments.
 *
 * npm packs what lies there, so `dist/` is trimmed before and put back after it.
 */
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { transformSync } from 'esbuild';

const root = fileURLToPath(new URL('../../', import.meta.url));
const dist = path.join(root, 'dist');
const whole = path.join(root, 'build/whole-dist');

/** The declarations of the entry points, as paths below `dist`. */
function entryDeclarations() {
  const { exports } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
  const entries = Object.values(exports).flatMap(({ types }) => types ?? []);
  return entries.map((entry) => path.posix.relative('dist', entry));
}

function declarationOf(specifier, from) {
  return `${path.posix.join(path.posix.dirname(from), specifier)}.d.ts`;
}

/** Declarations that a compiler looks at for somebody who imports an entry point. */
function publicDeclarations() {
  const found = new Set(entryDeclarations());
  for (const name of found) {
    const text = readFileSync(path.join(dist, name), 'utf8');
    for (const [, specifier] of text.matchAll(/(?:\bfrom|\bimport\(|^import) ?['"](\.[^'"]+)\.js['"]/gm))
      found.add(declarationOf(specifier, name));
  }
  return found;
}

/** Those that people are shown something of: of what they import, and of what that extends. */
function readDeclarations() {
  const found = new Set(entryDeclarations());
  /** Follows names to where a module has them from. */
  const follow = (module, isWanted) => {
    const text = readFileSync(path.join(dist, module), 'utf8');
    for (const [, what, clause, specifier] of text.matchAll(/^(export|import) ([^'";]*) from '(\.[^']+)\.js';/gm)) {
      const names = clause.match(/\w+/g)?.filter((name) => name !== 'type') ?? [];
      const isExtended = (name) => new RegExp(`\\bextends [^{]*\\b${name}\\b`).test(text);
      const wanted = names.filter((name) => (what === 'export' ? isWanted(name) : isExtended(name)));
      if (wanted.length === 0 && clause !== '*') continue;
      const source = declarationOf(specifier, module);
      found.add(source);
      follow(source, clause === '*' ? isWanted : (name) => wanted.includes(name));
    }
  };
  for (const entry of entryDeclarations()) follow(entry, () => true);
  return found;
}

/** In C++: what may hold the signs of a comment, or space that matters, and is neither; comments; and space. */
const LITERAL = /\b\d[\w']*|R"(?<mark>[^(]*)\([\s\S]*?\)\k<mark>"|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'/;
const COMMENT = /[ \t]*(?:\/\/.*|\/\*[\s\S]*?\*\/)/;
const SPACE = /\n\s+/;

function withoutComments(code) {
  const without = (text, what, instead) =>
    text.replaceAll(new RegExp(`(${LITERAL.source})|${what.source}`, 'g'), (_, literal) => literal ?? instead);
  return without(without(code, COMMENT, ''), SPACE, '\n').trimStart();
}

function copySources() {
  const native = path.join(root, 'native');
  for (const name of readdirSync(native, { recursive: true })) {
    if (/^(?:test|model|build|CMakeLists)\b/.test(name) || !path.extname(name)) continue;
    const target = path.join(dist, 'native', name);
    mkdirSync(path.dirname(target), { recursive: true });
    const text = readFileSync(path.join(native, name), 'utf8');
    writeFileSync(target, /\.(?:cc|h)$/.test(name) ? withoutComments(text) : text);
  }
}

export function trimDist() {
  rmSync(whole, { recursive: true, force: true });
  cpSync(dist, whole, { recursive: true, preserveTimestamps: true });
  // Should nobody put it back, the next build makes it anew.
  rmSync(path.join(dist, '.built'), { force: true });
  const wanted = publicDeclarations();
  const read = readDeclarations();
  for (const file of readdirSync(dist, { recursive: true })) {
    const name = file.replaceAll(path.sep, '/');
    const where = path.join(dist, file);
    if (name.endsWith('.map') || (name.endsWith('.d.ts') && !wanted.has(name))) rmSync(where);
    if (/\.c?js$/.test(name)) {
      const { code } = transformSync(readFileSync(where, 'utf8'), {
        minifyWhitespace: true,
        minifySyntax: true,
        legalComments: 'none',
        charset: 'utf8',
        target: 'esnext',
      });
      writeFileSync(where, code);
    } else if (wanted.has(name) && !read.has(name)) {
      writeFileSync(where, readFileSync(where, 'utf8').replaceAll(/^ *\/\*\*(?:[^*]|\*(?!\/))*\*\/\n/gm, ''));
    }
  }
  copySources();
}

export function restoreDist() {
  if (!existsSync(whole)) return;
  rmSync(dist, { recursive: true, force: true });
  renameSync(whole, dist);
}

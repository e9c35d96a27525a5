/** What is in the tarball, how large it is, and whether those who import it find code and types. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { binaryOf, targetsAtHand } from '../prebuild/manifest.mjs';
import { targets } from '../prebuild/targets.mjs';
import { check } from './report.mjs';
import { root, run } from './tarball.mjs';

/** Of the tarball with the binaries of all platforms, which weigh 1.1 MB. */
const LIMIT_BYTES = 1.5e6;
const LIMIT_WITHOUT_BINARIES = 0.4e6;
const PAGES = ['README.md', 'CHANGELOG.md', 'LICENSE', 'docs/bundling.md', 'docs/engines.md', 'docs/support.md'];

function manifest() {
  return JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
}

/** What a program may import, package.json aside. */
export function entryPoints() {
  const { name, exports } = manifest();
  return Object.keys(exports)
    .filter((path) => !path.endsWith('.json'))
    .map((path) => name + path.slice(1));
}

export function checkContents(packed) {
  const files = packed.files.map(({ path }) => path);
  const promised = Object.values(manifest().exports).flatMap((entry) =>
    typeof entry === 'string' ? entry : Object.values(entry),
  );
  const needed = [
    ...promised.map((path) => path.slice(2)),
    ...readdirSync(join(root, 'native/core'), { recursive: true })
      .filter((name) => /\.(cc|h)$/.test(name))
      .map((name) => `dist/native/core/${name}`),
    ...['binding.gyp', 'exports.map', 'sources.txt'].map((name) => `dist/native/${name}`),
    'scripts/build-native.mjs',
    ...PAGES,
  ];
  const missing = needed.filter((path) => !files.includes(path));
  check(
    'the tarball holds every entry point, the sources of the addon and the papers',
    missing.length === 0,
    missing.join('\n'),
  );
  const strange = files.filter(
    (path) =>
      !(/^(dist|prebuilds)\//.test(path) || PAGES.includes(path)) &&
      !['package.json', 'scripts/build-native.mjs'].includes(path),
  );
  const misplaced = files.filter(
    (path) => /\bnative\/(test|model|build)\/|\.(tgz|log)$/.test(path) || /^(?!prebuilds\/).*\.node$/.test(path),
  );
  check(
    'and nothing else, above all no binding.gyp at its root',
    strange.length + misplaced.length === 0,
    [...strange, ...misplaced].join('\n'),
  );
  const internal = files.filter((path) => /^dist\/.*\.js\.map$/.test(path));
  check('no source maps', internal.length === 0, internal.join('\n'));
  checkSize(packed);
}

/**
 * The limit is for the binaries of all platforms. Where some are not here, what can be said is that the rest leaves them the
 * room they have been found to need.
 */
function checkSize({ files, size }) {
  const all = Object.keys(targets);
  const here = targetsAtHand().filter((name) => files.some(({ path }) => path === `prebuilds/${name}/heddle.node`));
  const binaries = here.map((name) => gzipSync(readFileSync(binaryOf(name)), { level: 9 }).length);
  const rest = size - binaries.reduce((sum, bytes) => sum + bytes, 0);
  const kb = (bytes) => `${Math.round(bytes / 1000)} kB`;
  const what = `it has ${files.length} files, ${kb(size)} packed with ${here.length} of ${all.length} binaries`;
  if (here.length === all.length) check(what, size <= LIMIT_BYTES);
  else check(`${what}; without them ${kb(rest)}`, rest <= LIMIT_WITHOUT_BINARIES && size <= LIMIT_BYTES);
}

/**
 * publint and are-the-types-wrong. Of the latter's rules one is left out: that `require` of an ES module is an error, as
 * it was before Node.js 20.19. That it works is checked on every line of Node.js; the profile `esm-only` would leave out
 * all that concerns `require`. Resolution as of Node.js 10 knows no `exports`.
 */
export function checkLint(packed) {
  const publint = run(process.execPath, [join(root, 'node_modules/publint/src/cli.js'), packed.path, '--strict']);
  check('publint has nothing to say', publint.status === 0, publint.stdout + publint.stderr);
  const attw = join(root, 'node_modules/@arethetypeswrong/cli/dist/index.js');
  const options = ['--profile', 'node16', '--ignore-rules', 'cjs-resolves-to-esm', '--no-definitely-typed'];
  const types = run(process.execPath, [attw, packed.path, ...options]);
  check('are-the-types-wrong has nothing to say', types.status === 0, types.stdout + types.stderr);
}

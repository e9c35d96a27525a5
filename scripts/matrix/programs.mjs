/** The programs that the matrix runs, in a project that has installed the package: the smoke test in each of its forms. */
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { transformSync } from 'esbuild';
import { bundles } from './bundles.mjs';

const smoke = ['smoke.mjs', 'tasks.mjs', 'typed.ts', 'typed-tasks.ts'];

/** Writes the smoke test as it is, as CommonJS, and the demo, into a project. */
export function writePrograms(root, home) {
  mkdirSync(join(home, 'smoke'));
  for (const file of smoke) cpSync(join(root, 'scripts/smoke', file), join(home, 'smoke', file));
  for (const name of ['smoke', 'tasks']) {
    const source = readFileSync(join(home, `smoke/${name}.mjs`), 'utf8').replaceAll('./tasks.mjs', './tasks.cjs');
    writeFileSync(join(home, `smoke/${name}.cjs`), transformSync(source, { format: 'cjs', platform: 'node' }).code);
  }
  cpSync(join(root, 'examples/demo'), join(home, 'demo'), { recursive: true });
  mkdirSync(join(home, 'texts'));
  for (const name of ['README.md', 'CHANGELOG.md']) cpSync(join(root, name), join(home, 'texts', name));
}

/** What each runtime is given to run, by the heading of its column. */
export const programs = {
  'ES module': { args: ['smoke/smoke.mjs'] },
  CommonJS: { args: ['smoke/smoke.cjs'] },
  TypeScript: { args: ['smoke/typed.ts'] },
  demo: { args: ['demo/demo.mjs', 'texts'], verdict: /agree exactly/ },
};

/** Bundles the smoke test with every bundler, once with heddle left out and once with the `whole` of it inside. */
export async function writeBundles(home) {
  const written = [];
  for (const bundle of bundles) {
    for (const whole of [false, true]) {
      const out = join(
        home,
        'bundles',
        `${bundle.name}-${bundle.format}-${whole ? 'whole' : 'external'}`.replaceAll(' ', '-'),
      );
      const file = await bundle.write({ entry: join(home, 'smoke/smoke.mjs'), home, out, whole });
      written.push({ ...bundle, file, whole });
    }
  }
  return written;
}

/** The package as it is published: its tarball, and a project that has installed it. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../../', import.meta.url));

/** The environment of somebody who knows nothing of the npm that runs this script. */
export const outside = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^(npm_|heddle_)/i.test(name)),
);

export function run(command, args, options) {
  // There npm is a batch file.
  const shell = process.platform === 'win32' && command === 'npm';
  const result = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 64 << 20, env: outside, shell, ...options });
  if (result.error) throw result.error;
  return result;
}

/** `npm pack` into `work`: what it says of the tarball, and as `path` where that is. */
export function pack(work) {
  const { status, stdout, stderr } = run('npm', ['pack', '--json', '--pack-destination', work], { cwd: root });
  if (status !== 0) throw new Error(`npm pack failed: ${stderr}`);
  const [packed] = Object.values(JSON.parse(stdout.slice(stdout.search(/^[[{]/m))));
  return { ...packed, path: join(work, packed.filename) };
}

/** An empty project in `work`, and the folder of heddle in it once it is installed. */
export function emptyProject(work, name) {
  const home = join(work, name);
  mkdirSync(home);
  writeFileSync(join(home, 'package.json'), `{ "name": "${name}", "version": "1.0.0", "private": true }\n`);
  return { home, heddle: join(home, 'node_modules/heddle') };
}

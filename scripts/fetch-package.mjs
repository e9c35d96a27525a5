/**
 * Packages of npm that a check needs and nobody else: runtimes, bundlers, package managers. Installed when first asked
 * for, without their scripts, and kept in `build/tools`.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const tools = fileURLToPath(new URL('../build/tools/', import.meta.url));
const windows = process.platform === 'win32';

/** Path of a file in that version of a package. `foreign`: it is for another platform than this one. */
export function fetchPackage(name, version, file, { foreign = false } = {}) {
  const home = join(tools, `${name.replace('/', '+')}@${version}`);
  const path = join(home, 'node_modules', name, file);
  if (existsSync(path)) return path;
  mkdirSync(home, { recursive: true });
  // Without one npm looks for a project further up, and finds ours.
  writeFileSync(join(home, 'package.json'), '{ "private": true }\n');
  const args = ['install', '--no-save', '--no-audit', '--no-fund', '--ignore-scripts', `${name}@${version}`];
  if (foreign) args.push('--force', '--loglevel=error');
  const { status } = spawnSync(windows ? 'npm.cmd' : 'npm', args, {
    cwd: home,
    stdio: ['ignore', 'ignore', 'inherit'],
    shell: windows,
  });
  if (status !== 0 || !existsSync(path)) throw new Error(`npm could not install ${name}@${version}`);
  return path;
}

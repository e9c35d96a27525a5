/** Bun and Deno, from their packages of npm. */
import { fetchPackage } from './fetch-package.mjs';

const windows = process.platform === 'win32';
const BUN = '1.4.4';
const DENO = '2.9.6';
const exe = windows ? '.exe' : '';
const system = windows ? 'windows' : process.platform;

/** By name: the version, the command that runs a program, and what Bun or Deno calls this platform in its package's name. */
export const otherRuntimes = {
  Bun: {
    version: BUN,
    command: () => [
      fetchPackage(`@oven/bun-${system}-${process.arch === 'arm64' ? 'aarch64' : process.arch}`, BUN, `bin/bun${exe}`),
    ],
  },
  Deno: {
    version: DENO,
    command: () => [
      fetchPackage(
        `@deno/${process.platform}-${process.arch}${process.platform === 'linux' ? '-glibc' : ''}`,
        DENO,
        `deno${exe}`,
      ),
      'run',
      '--allow-read',
      '--allow-env',
      '--allow-ffi',
      '--allow-run',
    ],
  },
};

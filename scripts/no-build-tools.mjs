/** A machine without build tools, on one that has them. */
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';

const BUILD_TOOLS = [
  'cc',
  'c++',
  'gcc',
  'g++',
  'clang',
  'clang++',
  'make',
  'gmake',
  'cmake',
  'ninja',
  'python',
  'python3',
];

/**
 * Puts build tools that refuse to work into `work`, and says with which PATH they are found first, and by `asked()`
 * with what they were called.
 */
export function withoutBuildTools(work) {
  const folder = join(work, 'trap');
  const log = join(work, 'trapped');
  mkdirSync(folder);
  for (const tool of BUILD_TOOLS) {
    const file = join(folder, tool);
    writeFileSync(file, `#!/bin/sh\necho "${tool} $*" >> '${log}'\nexit 1\n`);
    chmodSync(file, 0o755);
  }
  return {
    path: folder + delimiter + process.env.PATH,
    asked: () => (existsSync(log) ? readFileSync(log, 'utf8') : ''),
  };
}

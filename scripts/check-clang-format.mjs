/** Checks that the C++ files are formatted as `.clang-format` says; `--write` formats them. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../', import.meta.url));
const listed = spawnSync('git', ['ls-files', '-co', '--exclude-standard', '*.cc', '*.cpp', '*.h'], {
  cwd: root,
  encoding: 'utf8',
});
if (listed.status !== 0) throw new Error(`git ls-files: ${listed.stderr}`);
const files = listed.stdout.split('\n').filter(Boolean);
const mode = process.argv.includes('--write') ? ['-i'] : ['--dry-run', '-Werror'];
const { status, error } = spawnSync('clang-format', [...mode, ...files], { cwd: root, stdio: 'inherit' });
if (error) throw new Error(`clang-format cannot be run: ${error.message}`, { cause: error });
process.exitCode = status ?? 1;

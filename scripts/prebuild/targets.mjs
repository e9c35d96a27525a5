/**
 * The platforms that have a prebuilt binary. A name is what `prebuildName()` of lib/engine/addon.ts makes of a
 * process, and a folder of `prebuilds/`.
 *
 * `zig` is the target as Zig names it, with the oldest system that the binary is to run on. With `gyp`, prebuildify
 * and node-gyp build it; node-gyp knows no other system than the one it runs on. `flags` are for the compiler.
 */
export const targets = {
  'linux-x64-glibc': { zig: 'x86_64-linux-gnu.2.17', gyp: 'x64', glibc: '2.17' },
  'linux-arm64-glibc': { zig: 'aarch64-linux-gnu.2.17', gyp: 'arm64', glibc: '2.17' },
  'linux-arm-glibc': {
    zig: 'arm-linux-gnueabihf.2.28',
    gyp: 'arm',
    glibc: '2.28',
    // Thumb instructions, a third smaller. Zig does not listen to -mthumb.
    flags: ['-Xclang', '-target-feature', '-Xclang', '+thumb-mode'],
  },
  'linux-x64-musl': { zig: 'x86_64-linux-musl', gyp: 'x64' },
  'linux-arm64-musl': { zig: 'aarch64-linux-musl', gyp: 'arm64' },
  'win32-x64': { zig: 'x86_64-windows-gnu' },
  'win32-arm64': { zig: 'aarch64-windows-gnu' },
  'darwin-x64': { zig: 'x86_64-macos.11.0' },
  'darwin-arm64': { zig: 'aarch64-macos.11.0' },
};

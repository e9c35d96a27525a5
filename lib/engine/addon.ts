/** Finds the native addon and loads it, keeping every reason why a candidate was refused. */
import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { LAYOUT_HASH } from '../memory/layout-hash.js';
import { isDenied } from './denied.js';
import { elfDefect } from './elf.js';
import { packageRoot } from './from-package.js';
import type { Binding } from './native.js';

/** What the addon exports. */
export interface Addon {
  /** LAYOUT_HASH of the sources the addon was built from. */
  readonly layoutHash: number;
  /** Tries what every platform has its own code for; says what does not work here. Once in a process. */
  selfTest(): string | undefined;
  /** Whether the calling isolate is that of the process's main thread, and whether that has attached: `hasUvLoop` only. */
  isMainThread(): boolean;
  isMainAttached(): boolean;
  /**
   * Makes the arena that the parent process passes on by a descriptor that of this process; before the first
   * `attach`. Throws when it is not that of the parent's family.
   */
  inherit(descriptor: number, nonce: string, record: number, generation: number): void;
  /**
   * Gives the calling isolate a slot of the arena. Throws when there is none, or no memory for the arena.
   * `hasUvLoop`: see there.
   */
  attach(hasUvLoop: boolean): Binding;
}

/** An addon, and why those before it are not used, or why there is none: each refusal says the cause and what to do about it. */
export interface LoadResult {
  readonly addon: Addon | undefined;
  readonly refusals: readonly string[];
}

const BUILD =
  'build it from source, which needs a C++20 compiler, make and Python: npm explore heddle -- npm run build:native';
const BUILD_REMEDY = `to ${BUILD}`;
const INSTALL_REMEDY = `install heddle again, or ${BUILD}`;

/** C library of this process: `glibc` or `musl` on Linux, else nothing. */
function libc(): 'glibc' | 'musl' | undefined {
  if (process.platform !== 'linux') return undefined;
  try {
    // Also says what this process really runs on where both libraries are installed.
    const maps = readFileSync('/proc/self/maps', 'latin1');
    if (/\/(?:ld-musl-|libc\.musl-)/.test(maps)) return 'musl';
    if (/\/libc(?:\.so\.6|-[\d.]+\.so)/.test(maps)) return 'glibc';
  } catch (error) {
    // Without /proc (a sandbox, --permission) the report below knows too; anything else is a defect.
    if (!isDenied(error)) throw error;
  }
  try {
    const report = process.report?.getReport() as { header?: { glibcVersionRuntime?: string } } | undefined;
    return report?.header?.glibcVersionRuntime === undefined ? 'musl' : 'glibc';
  } catch (error) {
    if (!isDenied(error)) throw error;
    // Nobody tells (Deno without --allow-sys). Where it is the other one, the addon does not load and says so.
    return 'glibc';
  }
}

/** Directory of the prebuilt addon for this process: `linux-x64-glibc`, `darwin-arm64`, `win32-x64`, … */
export function prebuildName(): string {
  return [process.platform, process.arch, libc()].filter((part) => part !== undefined).join('-');
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}

function remedyFor(error: unknown): string {
  if (error instanceof Error && error.name === 'NotCapable') return 'start Deno with --allow-ffi and --allow-read';
  switch (codeOf(error)) {
    case 'ERR_DLOPEN_DISABLED':
      return 'start Node without --no-addons and, beside --permission, with --allow-addons';
    case 'ERR_ACCESS_DENIED':
      return 'beside --permission, start Node with --allow-addons and with --allow-fs-read for the package';
    default:
      return BUILD_REMEDY;
  }
}

/** What is wrong with an addon that has loaded. One that was built here works as the machine's compiler does. */
function faultOf(addon: Addon, prebuilt: boolean): string | undefined {
  if (addon.layoutHash !== LAYOUT_HASH)
    return `built from other sources than this package (layout ${hex(addon.layoutHash)}, expected ${hex(LAYOUT_HASH)})`;
  const failure = prebuilt ? addon.selfTest() : undefined;
  return failure === undefined ? undefined : `its self-test failed: ${failure}`;
}

/** What a file exports. `require` would first look for where the file is, which takes ten times as long. */
function openFile(file: string): unknown {
  // The system's loader does not say in one way that it is not there.
  statSync(file);
  const module = { exports: {} };
  process.dlopen(module, path.toNamespacedPath(file));
  return module.exports;
}

const CANDIDATES = [() => 'build/Release/heddle.node', () => `prebuilds/${prebuildName()}/heddle.node`];

function fileOf(candidate: string): string {
  return fileURLToPath(new URL(candidate, packageRoot));
}

/** True when some thread of this process has the addon loaded. */
export function isAddonLoaded(): boolean {
  try {
    const { sharedObjects = [] } = (process.report?.getReport() ?? {}) as { sharedObjects?: readonly string[] };
    const plain = (file: string) => path.resolve(file.replace(/^\\\\\?\\/, ''));
    const files = new Set(CANDIDATES.map((candidate) => fileOf(candidate())));
    return sharedObjects.some((file) => files.has(plain(file)));
  } catch (error) {
    if (!isDenied(error)) throw error;
    return false;
  }
}

/** Loads the addon, built here or prebuilt; the first that fits. That one is not there says nothing where the next fits. `open` loads one file. */
export function loadAddon(open: (file: string) => unknown = openFile): LoadResult {
  const refusals: string[] = [];
  const absences = new Set<string>();
  for (const name of CANDIDATES) {
    const candidate = name();
    const file = fileOf(candidate);
    const defect = elfDefect(file);
    if (defect !== undefined) {
      refusals.push(`${candidate}: ${defect}; ${INSTALL_REMEDY}`);
      continue;
    }
    try {
      const addon = open(file) as Addon;
      const fault = faultOf(addon, candidate.startsWith('prebuilds/'));
      if (fault === undefined) return { addon, refusals: refusals.filter((refusal) => !absences.has(refusal)) };
      refusals.push(`${candidate}: ${fault}; ${BUILD_REMEDY}`);
    } catch (error) {
      const isAbsent = codeOf(error) === 'ENOENT';
      const refusal = `${candidate}: ${isAbsent ? 'does not exist' : firstLine(error)}; ${remedyFor(error)}`;
      refusals.push(refusal);
      if (isAbsent) absences.add(refusal);
    }
  }
  return { addon: undefined, refusals };
}

function hex(hash: number): string {
  return `0x${hash.toString(16)}`;
}

/**
 * True where the event loop is libuv's and polls only by `uv_run`, so that the addon may watch it go to sleep.
 * Bun and Deno have loops of their own, and Bun aborts when one of libuv's functions is called; Electron
 * waits for what comes outside of `uv_run`.
 */
export function hasUvLoop(): boolean {
  const { bun, deno, electron } = process.versions as Record<string, string | undefined>;
  return bun === undefined && deno === undefined && electron === undefined;
}

/** The message of an error without the require stack that Node appends. */
export function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n', 1)[0]?.replace(/\.$/, '') as string;
}

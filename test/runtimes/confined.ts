/** Runs programs where they are confined, and reads what they say: lines `what: result`. */
import { spawn } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { engine } from 'heddle';
import { expect } from 'vitest';
import { LAYOUT_HASH } from '#dist/memory/layout-hash.js';

/** What `work.mjs` says of a process on the engine of this test. */
export const OWN_PROCESS = engine.supports.processes ? '36' : expect.stringMatching(/^ProcessStateError /);

const root = fileURLToPath(new URL('../../', import.meta.url));
export const fixtures = fileURLToPath(new URL('fixtures/', import.meta.url));

export interface Outcome {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly output: string;
  /** What the line `what: …` says. */
  said(what: string): string | undefined;
}

export interface Surroundings {
  readonly flags?: readonly string[];
  readonly args?: readonly string[];
  /** HEDDLE_ENGINE; default: that of the tests. */
  readonly engine?: string;
  readonly uid?: number;
}

/** Ends with SIGKILL what hangs. */
export function runProgram(file: string, { flags = [], args = [], engine, uid }: Surroundings = {}): Promise<Outcome> {
  const env = { ...process.env, NODE_OPTIONS: '', HEDDLE_ENGINE: engine ?? process.env.HEDDLE_ENGINE };
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [...flags, file, ...args], {
      env,
      cwd: '/',
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: 25_000,
      killSignal: 'SIGKILL',
      ...(uid === undefined ? {} : { uid, gid: uid }),
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
    }
    child.once('error', reject);
    child.once('close', (code, signal) => {
      const said = (what: string) => new RegExp(`^${what}: (.*)$`, 'm').exec(output)?.[1];
      resolve({ code, signal, output, said });
    });
  });
}

/** A copy of the package, as built here, with the fixtures in it. */
export class Copy {
  readonly path = realpathSync(mkdtempSync(join(tmpdir(), 'heddle-copy-')));

  constructor() {
    for (const part of ['package.json', 'dist']) cpSync(join(root, part), join(this.path, part), { recursive: true });
    for (const part of ['build/Release/heddle.node', 'prebuilds'])
      if (existsSync(join(root, part))) cpSync(join(root, part), join(this.path, part), { recursive: true });
    mkdirSync(join(this.path, 'node_modules'));
    symlinkSync(join(root, 'node_modules/acorn'), join(this.path, 'node_modules/acorn'));
    cpSync(fixtures, join(this.path, 'fixtures'), { recursive: true });
  }

  /** Nothing in it can be written any more; a user who is not root can read it. */
  forbidWriting(): void {
    for (const name of readdirSync(this.path, { recursive: true, encoding: 'utf8' })) {
      if (!name.startsWith('node_modules')) chmodSync(join(this.path, name), 0o555);
    }
    chmodSync(this.path, 0o555);
  }

  /** Has it believe that the memory of its version is laid out in another way: no addon fits it, either. */
  relayout(): void {
    let changed = 0;
    for (const name of readdirSync(join(this.path, 'dist'), { recursive: true, encoding: 'utf8' })) {
      if (!name.endsWith('.js')) continue;
      const file = join(this.path, 'dist', name);
      const text = readFileSync(file, 'utf8');
      const other = text.replaceAll(`0x${LAYOUT_HASH.toString(16)}`, '12345').replaceAll(String(LAYOUT_HASH), '12345');
      if (other === text) continue;
      writeFileSync(file, other);
      changed++;
    }
    if (changed === 0) throw new Error('the layout hash was not found');
  }

  remove(): void {
    chmodSync(this.path, 0o755);
    for (const name of readdirSync(this.path, { recursive: true, encoding: 'utf8' })) {
      if (!name.startsWith('node_modules')) chmodSync(join(this.path, name), 0o755);
    }
    rmSync(this.path, { recursive: true });
  }
}

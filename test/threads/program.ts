/** Runs a small program of heddle in a process of its own and tells how that went. */
import { spawn } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { makeFolder } from '../workshop.js';

export interface Outcome {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly ms: number;
}

/** Longer than the longest of the programs takes on a slow machine. The test that runs it has a limit of its own. */
const LIMIT_MS = 110_000;

/** Runs the text of a module, on the engine of this test; `modules` are files beside it. */
export function runProgram(text: string, modules: Record<string, string> = {}): Promise<Outcome> {
  const directory = makeFolder('program-');
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const file = join(directory, 'program.mjs');
  for (const [name, content] of Object.entries({ ...modules, 'program.mjs': text }))
    writeFileSync(join(directory, name), content);
  return new Promise((resolve, reject) => {
    const began = performance.now();
    const child = spawn(process.execPath, [file], {
      env: { ...process.env, NO_COLOR: '1', NODE_OPTIONS: '' },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: LIMIT_MS,
      killSignal: 'SIGKILL',
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    const output = { stdout: '', stderr: '' };
    child.stdout.setEncoding('utf8').on('data', (chunk) => {
      output.stdout += chunk;
    });
    child.stderr.setEncoding('utf8').on('data', (chunk) => {
      output.stderr += chunk;
    });
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ ...output, code, signal, ms: performance.now() - began }));
  });
}

/** A program that ends by itself, with exit code 0 and nothing on standard error: its lines. */
export async function linesOf(text: string, modules: Record<string, string> = {}): Promise<string[]> {
  const { stdout, stderr, code, signal } = await runProgram(text, modules);
  if (code !== 0 || stderr !== '')
    throw new Error(`the program ended with ${signal ?? `exit code ${code}`}\n${stdout}\n${stderr}`);
  return stdout === '' ? [] : stdout.replace(/\n$/, '').split('\n');
}

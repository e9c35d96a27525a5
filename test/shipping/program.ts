/** Runs a fixture, which sends functions to a thread of its own, and reads what it reports. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

export interface Failure {
  readonly name: string;
  readonly code: string | undefined;
  readonly message: string;
  readonly stack: string;
}

export interface Report {
  /** What the case returned; throws when it failed. */
  value(name: string): unknown;
  /** What the case threw; throws when it did not. */
  error(name: string): Failure;
}

type Results = Record<string, { value?: unknown; error?: Failure }>;

export async function runFixture(file: string, flags: readonly string[] = []): Promise<Report> {
  const { stdout } = await runFile(file, flags);
  const results = JSON.parse(stdout) as Results;
  const find = (name: string): Results[string] => {
    const result = results[name];
    if (result === undefined) throw new Error(`${file} has no case '${name}'`);
    return result;
  };
  return {
    value(name) {
      const { value, error } = find(name);
      if (error !== undefined) throw new Error(`${file}: case '${name}' failed: ${error.stack}`);
      return value;
    },
    error(name) {
      const { value, error } = find(name);
      if (error === undefined) throw new Error(`${file}: case '${name}' returned ${JSON.stringify(value)}`);
      return error;
    },
  };
}

export function pathOf(file: string): string {
  return fileURLToPath(new URL(`./fixtures/${file}`, import.meta.url));
}

export function runFile(file: string, flags: readonly string[] = []): Promise<{ stdout: string; stderr: string }> {
  return promisify(execFile)(process.execPath, [...flags, pathOf(file)], {
    env: { ...process.env, NODE_OPTIONS: '', NO_COLOR: '1' },
    timeout: 25_000,
    killSignal: 'SIGKILL',
  });
}

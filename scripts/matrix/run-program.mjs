/** Runs one program of the matrix, and says what came of it. */
import { spawn } from 'node:child_process';
import { outside } from '../package/tarball.mjs';

/** A program that has not ended by then hangs. */
const LIMIT_MS = 120_000;

/**
 * @typedef {{ done: string[], lacks: Map<string, string>, failed: Map<string, string> }} Outcome
 *   What was done; what heddle said that it cannot do, and why; what went wrong.
 */

/** @returns {Promise<Outcome & { engine: string, output: string }>} */
export async function runProgram(command, { args, verdict }, { cwd, engine }) {
  const { status, output } = await spawned([...command, ...args], { cwd, engine });
  const result = { engine: '', done: [], lacks: new Map(), failed: new Map(), output };
  for (const [, word, name, why = ''] of output.matchAll(/^(ok|lacks|FAILED|engine) (\w+)(?:[:;] (.*))?$/gm)) {
    if (word === 'engine') result.engine = name;
    else if (word === 'ok') result.done.push(name);
    else (word === 'lacks' ? result.lacks : result.failed).set(name, why);
  }
  if (verdict !== undefined) {
    result.engine = /^ {2}engine +(\w+)/m.exec(output)?.[1] ?? '';
    if (verdict.test(output)) result.done.push('verdict');
  }
  if (status !== 0) result.failed.set('program', status);
  else if (result.done.length === 0) result.failed.set('program', 'it has checked nothing');
  else if (result.engine !== engine) result.failed.set('program', `it ran on the ${result.engine} engine`);
  return result;
}

/** `status`: 0, or in words how it ended. */
function spawned([command, ...args], { cwd, engine }) {
  return new Promise((resolve, reject) => {
    const env = { ...outside, HEDDLE_ENGINE: engine, NO_COLOR: '1' };
    const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => {
        output += text;
      });
    }
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      child.kill('SIGKILL');
    }, LIMIT_MS);
    child.once('error', reject);
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      const ending = late ? `it did not end within ${LIMIT_MS / 1000} s` : (signal ?? `exit code ${code}`);
      resolve({ status: code === 0 ? 0 : ending, output });
    });
  });
}

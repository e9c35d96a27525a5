/** Every future is accounted for, whatever is done to tasks and workers. `HEDDLE_TORTURE_SECONDS` makes it last. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { engine } from 'heddle';
import { expect, it } from 'vitest';

const SECONDS = Number(process.env['HEDDLE_TORTURE_SECONDS'] ?? 4);
const program = fileURLToPath(new URL('fixtures/torture.mjs', import.meta.url));

function run(seed: number, ...how: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program, String(SECONDS), String(seed), ...how], {
      env: { ...process.env, NODE_OPTIONS: '' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = `seed ${seed}\n`;
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text) => {
        output += text;
      });
    child.on('error', reject);
    child.on('close', (code, signal) => {
      if (code === 0) resolve(output);
      else reject(new Error(`${signal ?? code}: ${output}`));
    });
  });
}

it('accounts for every future', { timeout: 1000 * (SECONDS + 120) }, async () => {
  expect(await run(Date.now() & 0x7fffffff)).toContain('every future accounted for');
});

it.runIf(engine.supports.processes)(
  'accounts for every future of processes',
  { timeout: 1000 * (SECONDS + 120) },
  async () => {
    expect(await run(Date.now() & 0x7fffffff, 'processes')).toContain('every future accounted for');
  },
);

/** Processes killed at random moments while they use the objects of another. `HEDDLE_KILLS` says how many are. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { engine } from 'heddle';
import { expect, it } from 'vitest';

const KILLS = Number(process.env['HEDDLE_KILLS'] ?? 8);
const program = fileURLToPath(new URL('fixtures/proxy-kills.mjs', import.meta.url));

it.runIf(engine.supports.processProxies)(
  'leave nothing held, nothing twice, and nothing behind with the owner',
  { timeout: 1000 * (KILLS * 5 + 120) },
  async () => {
    const seed = Date.now() & 0x7fffffff;
    const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', program, `${KILLS}`, `${seed}`], {
      env: { ...process.env, NODE_OPTIONS: '', NODE_NO_WARNINGS: '1' },
    });
    expect(stdout, `seed ${seed}`).toContain('everything accounted for');
  },
);

/** What Node.js does not permit, heddle says; it does the rest, and what is refused neither crashes nor hangs. */
import { engine } from 'heddle';
import { expect, it } from 'vitest';
import { fixtures, OWN_PROCESS, runProgram } from './confined.js';

const native = process.env.HEDDLE_ENGINE === 'native';
const permission = process.allowedNodeEnvironmentFlags.has('--permission')
  ? '--permission'
  : '--experimental-permission';
const reading = [permission, '--allow-fs-read=*'];
const program = `${fixtures}work.mjs`;

it('does all under --permission with everything allowed that it uses', async () => {
  const flags = [...reading, '--allow-worker', '--allow-child-process', ...(native ? ['--allow-addons'] : [])];
  const { code, output, said } = await runProgram(program, { flags });
  expect(code, output).toBe(0);
  expect(said('engine')).toMatch(native ? /^native$/ : /^fallback/);
  expect([said('lock'), said('threads'), said('process')]).toEqual(['false', '200', OWN_PROCESS]);
});

it('takes the fallback engine where addons are not allowed, and says how they are', async () => {
  const flags = [...reading, '--allow-worker', '--allow-child-process'];
  const { code, output, said } = await runProgram(program, { flags, engine: 'auto' });
  expect(code, output).toBe(0);
  expect(said('engine')).toMatch(/^fallback; .*--allow-addons/);
  expect([said('lock'), said('threads'), said('process')]).toEqual(['false', '200', '36']);
});

it('has locks where threads are not allowed, and says how they are', async () => {
  const flags = [...reading, '--allow-child-process', ...(native ? ['--allow-addons'] : [])];
  const { code, output, said } = await runProgram(program, { flags });
  expect(code, output).toBe(0);
  expect(said('lock')).toBe('false');
  expect(said('threads')).toMatch(/^ThreadStateError ERR_HEDDLE_THREAD_STATE .*--allow-worker/);
});

it.runIf(engine.supports.processes)(
  'has threads where processes are not allowed, and says that they are not',
  async () => {
    const flags = [...reading, '--allow-worker', ...(native ? ['--allow-addons'] : [])];
    const { code, output, said } = await runProgram(program, { flags });
    expect(code, output).toBe(0);
    expect(said('threads')).toBe('200');
    expect(said('process')).toMatch(/^ProcessStateError ERR_HEDDLE_PROCESS_STATE .*--allow-child-process/);
  },
);

it('does all on the fallback engine with --no-addons, and says why', async () => {
  const { code, output, said } = await runProgram(program, { flags: ['--no-addons'], engine: 'auto' });
  expect(code, output).toBe(0);
  expect(said('engine')).toMatch(/^fallback; .*start Node without --no-addons/);
  expect([said('threads'), said('process')]).toEqual(['200', '36']);
});

it('ends at once, with the reason, when the native engine is asked for with --no-addons', async () => {
  const { code, output } = await runProgram(program, { flags: ['--no-addons'], engine: 'native' });
  expect(code).toBe(1);
  expect(output).toMatch(/EngineUnavailableError: the native engine, which HEDDLE_ENGINE=native asks for/);
  expect(output).toContain('start Node without --no-addons');
});

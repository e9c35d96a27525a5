import { spawn } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { linesOf, runProgram } from './program.js';

describe('console output of a thread', () => {
  it('appears while the main thread is blocked, in order with its own', async () => {
    expect(
      await linesOf(`
        import { writeSync } from 'node:fs';
        import { Event, Thread } from 'heddle';
        const [asked, answered] = [new Event(), new Event()];
        const thread = new Thread({
          target: () => {
            console.log('thread 1');
            answered.set();
            asked.waitSync();
            process.stdout.write('thread ');
            process.stdout.write('2\\n');
          },
        });
        thread.startSync();
        answered.waitSync();
        writeSync(1, 'main 1\\n');
        asked.set();
        thread.joinSync();
        writeSync(1, 'main 2\\n');
      `),
    ).toEqual(['thread 1', 'main 1', 'thread 2', 'main 2']);
  });

  it('is complete although the process ends at once', async () => {
    const { stdout, stderr } = await runProgram(`
      import { Thread } from 'heddle';
      const thread = new Thread({ target: () => { console.log('out'); console.error('err'); } });
      thread.startSync();
      thread.joinSync();
      process.reallyExit(0);
    `);
    expect([stdout, stderr]).toEqual(['out\n', 'err\n']);
  });

  it('waits for a slow reader of a full pipe and loses nothing', async () => {
    const program = `
      import { Thread } from 'heddle';
      const thread = new Thread({ target: () => { for (let i = 0; i < 300; i++) console.log(String(i).padEnd(4000, '.')); } });
      await thread.start();
      await thread.join();
    `;
    const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    // Nothing is read at first: 1.2 MB do not fit into the pipe.
    await new Promise((resolve) => setTimeout(resolve, 500));
    let text = '';
    for await (const chunk of child.stdout.setEncoding('utf8')) text += chunk;
    const lines = text.trimEnd().split('\n');
    expect(lines.map((line) => Number.parseInt(line, 10))).toEqual(Array.from({ length: 300 }, (_, i) => i));
    expect(new Set(lines.map((line) => line.length))).toEqual(new Set([4000]));
  });

  it('calls back when it is written, and ends quietly', async () => {
    expect(
      await linesOf(`
        import { Thread } from 'heddle';
        const thread = new Thread({
          target: () => new Promise((resolve) => {
            process.stdout.cork();
            process.stdout.write('a');
            process.stdout.write(Buffer.from('b'));
            process.stdout.write('63\\n', 'hex', () => { console.log('\\nwritten'); resolve(); });
            process.stdout.uncork();
          }),
        });
        await thread.start();
        await thread.join();
      `),
    ).toEqual(['abc', 'written']);
  });
});

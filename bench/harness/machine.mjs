/** What a figure must be read with: machine, versions, commit. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import os from 'node:os';
import { peerVersions } from './peers.mjs';

function git(...args) {
  try {
    return execFileSync('git', args, { cwd: new URL('../../', import.meta.url), encoding: 'utf8' }).trim();
  } catch (error) {
    return `unknown (${error.message.split('\n', 1)[0]})`;
  }
}

export async function describeMachine() {
  const { engine } = await import('heddle');
  const dirty = git('status', '--porcelain', '--', 'lib', 'native', 'bench/scenarios') === '' ? '' : ' + changes';
  return {
    date: new Date().toISOString(),
    cpu: os.cpus()[0]?.model.trim() ?? 'unknown CPU',
    cores: os.availableParallelism(),
    memory: `${Math.round(os.totalmem() / 2 ** 30)} GB`,
    system: `${os.type()} ${os.release()} ${os.arch()}`,
    node: process.versions.node,
    v8: process.versions.v8,
    heddle: JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')).version,
    commit: git('rev-parse', '--short', 'HEAD') + dirty,
    engine: engine.name,
    refusals: engine.refusals,
    peers: peerVersions(),
  };
}

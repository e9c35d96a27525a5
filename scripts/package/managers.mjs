/** Installs the tarball with every package manager, scripts off: silently, and what is installed works. */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fetchPackage } from '../fetch-package.mjs';
import { checkProgram, writeProgram } from './programs.mjs';
import { check } from './report.mjs';
import { emptyProject, outside, run } from './tarball.mjs';

/** Words of somebody who has scripts to run, or something to build. */
const ABOUT_SCRIPTS = /gyp|script|build|rebuild|prebuil|postinstall|heddle.*(warn|deprecat)/i;

/** npm: from the tarball, again, from the lockfile, where no build tool can be had; scripts off, and on, where there are none to run. */
export function checkNpm({ home }, packed, trapped) {
  const env = { ...outside, PATH: trapped.path };
  const quiet = ['--no-audit', '--no-fund'];
  const npm = (what, args) => {
    const { status, stdout, stderr } = run('npm', [...args, ...quiet], { cwd: home, env });
    const silent = stderr === '' && !ABOUT_SCRIPTS.test(stdout) && trapped.asked() === '';
    check(`npm ${what}, silently`, status === 0 && silent, `status ${status}\n${stdout}${stderr}${trapped.asked()}`);
  };
  npm('installs it with scripts off', ['install', '--ignore-scripts', packed.path]);
  npm('installs it again', ['install', '--ignore-scripts']);
  rmSync(join(home, 'node_modules'), { recursive: true });
  npm('installs it with scripts on', ['install']);
  npm('installs it from the lockfile', ['ci', '--ignore-scripts']);
}

/** What the others are told: not by arguments, which each has of its own. */
const REGISTRY = run('npm', ['config', 'get', 'registry']).stdout.trim();

/** By name: the script in its package, what installs a tarball, and what it has to be told by files and variables. */
const MANAGERS = {
  'pnpm 12': {
    script: () => fetchPackage('pnpm', '12.4.2', 'bin/pnpm.mjs'),
    args: (tarball) => ['add', '--ignore-scripts', tarball],
  },
  'Yarn 1': {
    script: () => fetchPackage('yarn', '1.22.22', 'bin/yarn.js'),
    args: (tarball) => ['add', '--ignore-scripts', '--non-interactive', tarball],
  },
  'Yarn 4': {
    script: () => fetchPackage('@yarnpkg/cli-dist', '4.18.1', 'bin/yarn.js'),
    args: (tarball) => ['add', `heddle@file:${tarball}`],
    prepare(home) {
      writeFileSync(
        join(home, '.yarnrc.yml'),
        'nodeLinker: node-modules\nenableScripts: false\nenableTelemetry: false\n',
      );
      // The mark of a project of its own.
      writeFileSync(join(home, 'yarn.lock'), '');
    },
    env: { YARN_NPM_REGISTRY_SERVER: REGISTRY, YARN_UNSAFE_HTTP_WHITELIST: new URL(REGISTRY).hostname },
  },
};

export function checkOtherManagers(work, packed) {
  for (const [name, { script, args, prepare, env }] of Object.entries(MANAGERS)) {
    const { home } = emptyProject(work, name.toLowerCase().replace(' ', '-'));
    prepare?.(home);
    const folders = { HOME: work, XDG_CACHE_HOME: join(work, 'cache'), npm_config_registry: REGISTRY };
    const { status, stdout, stderr } = run(process.execPath, [script(), ...args(packed.path)], {
      cwd: home,
      env: { ...outside, ...folders, ...env },
      timeout: 120_000,
    });
    const about = (stdout + stderr).split('\n').filter((line) => ABOUT_SCRIPTS.test(line) && /heddle/.test(line));
    check(`${name} installs it, without a word about scripts`, status === 0 && about.length === 0, stdout + stderr);
    writeProgram(home);
    checkProgram(home, 'native', ` as ${name} has installed it`);
  }
}

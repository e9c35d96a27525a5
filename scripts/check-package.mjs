/**
 * Packs the package and treats it as a user does: looks at what is in it, installs it with every package manager where no
 * build tool can be had, runs programs on both engines and every Node line, damages its binary, and builds the native
 * engine from the tarball's own sources.
 *
 *   node scripts/check-package.mjs [MAJOR …]
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { withoutBuildTools } from './no-build-tools.mjs';
import { nodeBinary, nodeLines } from './node-lines.mjs';
import { checkContents, checkLint } from './package/contents.mjs';
import { checkDamaged } from './package/damaged.mjs';
import { checkNpm, checkOtherManagers } from './package/managers.mjs';
import { checkProgram, checkRequire, checkTypes, writeProgram } from './package/programs.mjs';
import { check, conclude } from './package/report.mjs';
import { checkReadmesFigures } from './package/size.mjs';
import { emptyProject, outside, pack, run } from './package/tarball.mjs';

const lines = process.argv.length > 2 ? process.argv.slice(2) : nodeLines;
const work = mkdtempSync(join(tmpdir(), 'heddle-package-'));
try {
  const packed = pack(work);
  checkContents(packed);
  checkLint(packed);
  const project = emptyProject(work, 'app');
  checkNpm(project, packed, withoutBuildTools(work));
  checkReadmesFigures(project);
  const { home, heddle } = project;
  writeProgram(home);
  checkTypes(home);
  for (const line of lines) {
    const node = nodeBinary(line);
    checkProgram(home, 'native', `, Node ${line}`, { node });
    checkProgram(home, 'fallback', `, Node ${line}`, { node, wish: 'fallback' });
    checkRequire(home, node, line);
  }
  checkOtherManagers(work, packed);
  checkDamaged(project);

  rmSync(join(heddle, 'prebuilds'), { recursive: true });
  // That it can be built is the question, not how fast it is.
  const env = { ...outside, CXXFLAGS: '-O0' };
  const built = run('npm', ['explore', 'heddle', '--', 'npm', 'run', 'build:native'], { cwd: home, env });
  check('the native engine is built from the tarball', built.status === 0, built.stdout + built.stderr);
  checkProgram(home, 'native', ' that was built from it');
} finally {
  rmSync(work, { recursive: true, force: true });
}
conclude();

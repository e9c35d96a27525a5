/** Installations whose binary is missing, or is none that will do: the reason is told, and the fallback engine does the work. */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { checkProgram } from './programs.mjs';
import { check } from './report.mjs';
import { run } from './tarball.mjs';

/** As an installation does it: programs that have the old file mapped keep it. */
function replace(file, bytes) {
  writeFileSync(`${file}.new`, bytes);
  renameSync(`${file}.new`, file);
}

/** The binary that this machine loads, and the layout that it was built for. */
function loaded(home, heddle) {
  const program = `
    import { prebuildName } from '${heddle}/dist/engine/addon.js';
    import { LAYOUT_HASH } from '${heddle}/dist/memory/layout-hash.js';
    console.log(JSON.stringify({ name: prebuildName(), hash: LAYOUT_HASH }));`;
  const { stdout } = run(process.execPath, ['--input-type=module', '-e', program], { cwd: home });
  const { name, hash } = JSON.parse(stdout);
  return { name: `prebuilds/${name}/heddle.node`, hash };
}

/** The same binary with another layout hash, wherever it stands in the code as an integer or a float. */
function withOtherLayout(binary, hash) {
  const other = Buffer.from(binary);
  let found = 0;
  for (const [bytes, write] of [
    [4, 'writeUInt32LE'],
    [8, 'writeDoubleLE'],
  ]) {
    const old = Buffer.alloc(bytes);
    old[write](hash);
    for (let at = other.indexOf(old); at >= 0; at = other.indexOf(old, at + bytes)) {
      other[write]((hash ^ 0xff) >>> 0, at);
      found++;
    }
  }
  if (found === 0) throw new Error('the layout hash was not found in the binary');
  return other;
}

function forAnotherMachine(binary) {
  const other = Buffer.from(binary);
  other.writeUInt16LE(process.arch === 'arm64' ? 62 : 183, 18);
  return other;
}

/** What is wrong, the bytes, and the reason that is to be given. */
function* damages(binary, hash) {
  for (const part of [0, 0.001, 0.3, 0.98]) {
    const length = Math.floor(binary.length * part);
    yield [`cut to ${length} bytes`, binary.subarray(0, length), /no program of Linux|has been cut short|too short/];
  }
  yield ['for another machine', forAnotherMachine(binary), /is made for another machine/];
  yield ['no program at all', Buffer.from('<html>404 Not Found</html>\n'.repeat(100)), /no program of Linux|invalid/];
  yield ['of another layout', withOtherLayout(binary, hash), /built from other sources than this package \(layout 0x/];
}

export function checkDamaged({ home, heddle }) {
  const { name, hash } = loaded(home, heddle);
  const file = `${heddle}/${name}`;
  const binary = readFileSync(file);
  for (const [what, bytes, reason] of damages(binary, hash)) {
    replace(file, bytes);
    const refusals = checkProgram(home, 'fallback', `, with a binary ${what}`);
    const told = refusals.some((refusal) => refusal.startsWith(name) && reason.test(refusal));
    check('and says why', told, refusals.join('\n'));
  }
  renameSync(file, `${file}.away`);
  const refusals = checkProgram(home, 'fallback', ', without a binary');
  check(
    'and says that there is none',
    refusals.some((refusal) => refusal.startsWith(`${name}: does not exist`)),
    refusals.join('\n'),
  );
  renameSync(`${file}.away`, file);
  replace(file, binary);
}

/** What a check of the package has found, one line each. */
const failures = [];

export function check(what, holds, detail = '') {
  console.log(`${holds ? 'ok    ' : 'FAILED'} ${what}`);
  if (holds) return;
  if (detail) console.log(detail);
  failures.push(what);
}

/** The last line, and the exit code. */
export function conclude() {
  if (failures.length > 0) {
    console.error(`packaging: ${failures.length} checks failed`);
    process.exitCode = 1;
  } else console.log('packaging: the tarball installs and works');
}

/** Runs one case of one scenario in a process of its own, and is what that process runs. */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const self = fileURLToPath(import.meta.url);

/** No case takes longer than this, ms. */
const PATIENCE = 120_000;

/** The figure the case came to, on that Node binary, with those flags of V8's. Rejects if the case fails, computes a wrong result, or hangs. */
export function runCase(scenario, variant, name, env, execPath, flags = []) {
  return new Promise((resolve, reject) => {
    const child = fork(self, [scenario, variant, name], {
      env: { ...process.env, ...env },
      execPath,
      execArgv: ['--expose-gc', ...flags],
      stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
    });
    let figure;
    let complaint = '';
    const timer = setTimeout(() => child.kill('SIGKILL'), PATIENCE);
    child.stderr.on('data', (chunk) => {
      complaint += chunk;
    });
    child.on('message', (message) => {
      figure = message;
      // A case is over once it has its figure, whatever it has left running.
      child.kill('SIGKILL');
    });
    child.on('error', reject);
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      if (typeof figure === 'number' && Number.isFinite(figure)) resolve(figure);
      else
        reject(
          new Error(`${scenario} ${variant} ${name}: ${complaintOf(complaint) || `ended with ${signal ?? code}`}`),
        );
    });
  });
}

/** The line of a printed error that says what is wrong, or all of it if none does. */
function complaintOf(text) {
  return text.match(/^[\w.]*(?:Error|Exception)\b.*$/m)?.[0] ?? text.trim();
}

if (process.argv[1] === self) {
  const [scenarioName, variantName, caseName] = process.argv.slice(2);
  const { default: scenario } = await import(`../scenarios/${scenarioName}.mjs`);
  const variant = (scenario.variants ?? [{ name: '' }]).find(({ name }) => name === variantName);
  const run = scenario.peers?.[caseName]?.run ?? scenario.heddle;
  const figure = await run(variant);
  if (process.send === undefined) console.log(figure);
  else process.send(figure);
}

/** Threads and processes end at every stage of their lives, in every way there is; nobody else comes to harm. */
import { describe, it } from 'vitest';
// @ts-expect-error: plain JavaScript, so that every Node version can run it as it is
import { ENDINGS, runScenario, STAGES } from './fixtures/driver.mjs';

const WHAT: Record<string, string> = {
  terminate: 'is terminated',
  exit: 'calls process.exit',
  throw: 'ends with an uncaught error',
  natural: 'comes to its natural end',
  'main-exit': 'is there when the main thread calls process.exit',
  'main-throw': 'is there when the main thread ends with an uncaught error',
  'main-end': 'is there when the main thread comes to its natural end',
};

/** `npm run test:lifecycle` has more rounds, on every Node version. */
const ROUNDS = 5;

for (const stage of STAGES) {
  describe(`a thread at stage "${stage}"`, () => {
    for (const ending of ENDINGS) {
      // Half of the time the processes of a scenario wait for one another.
      it.concurrent(`harms nobody when it ${WHAT[ending]}`, { timeout: 150_000 }, async () => {
        await runScenario(stage, ending, ending.startsWith('main-') ? 1 : ROUNDS);
      });
    }
  });
}

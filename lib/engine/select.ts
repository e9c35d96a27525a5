/**
 * Chooses the engine of this isolate, once, when heddle is loaded.
 *
 * A family, that is a thread and the workers started from it, runs one engine: the wake queues of the
 * two cannot reach each other. The first to load heddle chooses by HEDDLE_ENGINE and leaves word for every Worker, a
 * user's own included (`family-data.ts`). Processes that heddle
 * starts belong to the family too, and are told by their environment: see `inheritance.ts`.
 */
import { isMainThread } from 'node:worker_threads';
import { EngineUnavailableError } from '../errors.js';
import { LAYOUT_HASH } from '../memory/layout-hash.js';
import { firstLine, hasUvLoop, loadAddon } from './addon.js';
import type { Engine, EngineName } from './engine.js';
import { bequeath, inherited } from './family-data.js';
import { type Inheritance, inheritance, PASSED_DESCRIPTOR } from './inheritance.js';
import { NativeEngine } from './native.js';
import { ownOnDemand } from './own-modules.js';

const fallback = ownOnDemand<typeof import('./fallback/fallback-engine.js')>('engine/fallback/fallback-engine.js');

/** The word a family leaves for its workers. */
interface Family {
  readonly engine: EngineName;
  readonly layout: number;
  readonly refusals: readonly string[];
}
const FAMILY = 'family';

interface Choice {
  readonly engine: Engine;
  readonly refusals: readonly string[];
}

type Wish = EngineName | 'auto';

function wish(): Wish {
  const value = process.env.HEDDLE_ENGINE ?? '';
  if (value === '' || value === 'auto') return 'auto';
  if (value === 'native' || value === 'fallback') return value;
  throw new EngineUnavailableError(
    `HEDDLE_ENGINE is ${JSON.stringify(value)}; it may be native, fallback or auto (the default)`,
  );
}

/** The native engine, or why not. */
function native(passed?: Inheritance): Choice | readonly string[] {
  const { addon, refusals } = loadAddon();
  if (addon === undefined) return refusals;
  try {
    if (passed !== undefined) addon.inherit(PASSED_DESCRIPTOR, passed.nonce, passed.record, passed.generation);
    return { engine: new NativeEngine(addon.attach(hasUvLoop())), refusals: [] };
  } catch (error) {
    return [`the addon cannot attach this ${passed === undefined ? 'thread' : 'process'}: ${firstLine(error)}`];
  }
}

function unavailable(why: string, refusals: readonly string[]): EngineUnavailableError {
  return new EngineUnavailableError(
    [`${why} cannot be loaded:`, ...refusals.map((refusal) => `  - ${refusal}`)].join('\n'),
  );
}

function choose(wished: Wish): Choice {
  if (wished === 'fallback')
    return {
      engine: new (fallback().FallbackEngine)(),
      refusals: ['HEDDLE_ENGINE=fallback asks for the fallback engine'],
    };
  const choice = native();
  if ('engine' in choice) return choice;
  if (wished === 'native') throw unavailable('the native engine, which HEDDLE_ENGINE=native asks for,', choice);
  return { engine: new (fallback().FallbackEngine)(), refusals: choice };
}

/** Who has chosen for this thread or process, in the words of a refusal. */
interface Starter {
  readonly name: string;
  readonly kind: 'threads' | 'processes';
  /** How to go along with it. */
  remedy(wished: Wish): string;
}
const threadStarter: Starter = {
  name: 'the thread that started this worker',
  kind: 'threads',
  remedy: (wished) =>
    `start the worker without a HEDDLE_ENGINE of its own, or set HEDDLE_ENGINE=${wished} for the whole process`,
};
const processStarter: Starter = {
  name: 'the process that started this one',
  kind: 'processes',
  remedy: (wished) => `leave HEDDLE_ENGINE out of \`env\`, or set HEDDLE_ENGINE=${wished} for all of them`,
};

/** Goes along with what the family runs. */
function join(family: Family, wished: Wish, starter: Starter, passed?: Inheritance): Choice {
  if (wished !== 'auto' && wished !== family.engine) {
    throw new EngineUnavailableError(
      `HEDDLE_ENGINE=${wished} asks for the ${wished} engine, but ${starter.name} runs on the ${family.engine} engine, ` +
        `and ${starter.kind} on different engines cannot wake each other; ${starter.remedy(wished)}`,
    );
  }
  if (family.layout !== LAYOUT_HASH) {
    throw new EngineUnavailableError(
      `${starter.name} runs another version of heddle; make both load the same copy of the package`,
    );
  }
  if (family.engine === 'fallback') return { engine: new (fallback().FallbackEngine)(), refusals: family.refusals };
  const choice = native(passed);
  if ('engine' in choice) return choice;
  throw unavailable(`the native engine, on which ${starter.name} runs,`, choice);
}

function joinOrChoose(wished: Wish): Choice {
  if (inheritance !== undefined) {
    const refusals = [`${processStarter.name} runs on the ${inheritance.engine} engine`];
    return join({ ...inheritance, refusals }, wished, processStarter, inheritance);
  }
  const family = inherited<Family>(FAMILY);
  return family === undefined ? choose(wished) : join(family, wished, threadStarter);
}

function select(): Choice {
  const choice = joinOrChoose(wish());
  const word: Family = { engine: choice.engine.name, layout: LAYOUT_HASH, refusals: choice.refusals };
  bequeath(FAMILY, word);
  return choice;
}

const choice = select();

/** The engine of this isolate. */
export const engine: Engine = choice.engine;

/** Why the native engine was not loaded; empty when it was. */
export const refusals: readonly string[] = choice.refusals;

// The end of the process waits for its threads, and those blocked in a system call would not notice it.
if (isMainThread) process.on('exit', () => engine.beginExit());

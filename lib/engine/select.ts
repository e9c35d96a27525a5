/**
 * Chooses the engine of this isolate, once, when heddle is loaded.
 *
 * A family, that is a thread and the workers started from it, runs one engine: the wake queues of the
 * two cannot reach each other. The first to load heddle chooses by HEDDLE_ENGINE and leaves word for every Worker, a
 * user's own included (`family-data.ts`). Only a main thread on the native engine does not until heddle starts a worker,
 * for the word is left with worker_threads, which takes long to load there: the addon knows of it.
 *
 * Processes that heddle starts belong to the family too, and are told by their environment: see `inheritance.ts`.
 */
import { EngineUnavailableError } from '../errors.js';
import { Header, Sharing } from '../memory/layout.js';
import { LAYOUT_HASH } from '../memory/layout-hash.js';
import { firstLine, hasUvLoop, isAddonLoaded, type LoadResult, loadAddon } from './addon.js';
import type { Engine, EngineName } from './engine.js';
import { bequeath, inherited } from './family-data.js';
import { type Inheritance, inheritance, PASSED_DESCRIPTOR } from './inheritance.js';
import { NativeEngine } from './native.js';
import { ownOnDemand } from './own-modules.js';
import { hasWorkerThreads, workerThreads } from './worker-threads.js';

const fallback = ownOnDemand<typeof import('./fallback/fallback-engine.js')>('engine/fallback/fallback-engine.js');
const proxies = ownOnDemand<typeof import('./proxies/proxying-engine.js')>('engine/proxies/proxying-engine.js');

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

/** HEDDLE_PROCESSES=apart has processes share no memory where they could: as it is on other platforms. */
function wishApart(): boolean {
  const value = process.env.HEDDLE_PROCESSES ?? '';
  if (value === '' || value === 'apart') return value === 'apart';
  throw new EngineUnavailableError(
    `HEDDLE_PROCESSES is ${JSON.stringify(value)}; it may be apart, so that processes share no memory, or unset`,
  );
}

const wished = wish();
const wishedApart = wishApart();

let loadResult: LoadResult | undefined;
function load(): LoadResult {
  loadResult ??= loadAddon();
  return loadResult;
}

function isFirstThread(): boolean {
  // In a process that heddle has started, inheritance.ts has asked worker_threads already.
  const maySay = wished !== 'fallback' && hasUvLoop() && !hasWorkerThreads();
  return (maySay && load().addon?.isMainThread()) || workerThreads().isMainThread;
}

/** Whether this is the program's first thread. */
export const isMainThread = isFirstThread();

/** The native engine, or why not. */
function native(passed?: Inheritance): Choice | readonly string[] {
  const { addon, refusals } = load();
  if (addon === undefined) return refusals;
  try {
    // Without a nonce there is no arena to come by: this process is apart from its parent.
    if (passed !== undefined && passed.nonce !== '')
      addon.inherit(PASSED_DESCRIPTOR, passed.nonce, passed.record, passed.generation);
    const engine = new NativeEngine(addon.attach(hasUvLoop()), () => addon.attach(false));
    return { engine: isApart(engine, passed) ? new (proxies().ProxyingEngine)(engine) : engine, refusals };
  } catch (error) {
    return [`the addon cannot attach this ${passed === undefined ? 'thread' : 'process'}: ${firstLine(error)}`];
  }
}

/** Whether the processes of this family share no memory: for good, once its first isolate has settled it. */
function isApart({ supports, words }: Engine, passed: Inheritance | undefined): boolean {
  const apart = !supports.processSharedMemory || wishedApart || passed?.nonce === '';
  const settled = Atomics.compareExchange(
    words,
    Header.SHARING,
    Sharing.UNSETTLED,
    apart ? Sharing.APART : Sharing.SHARED,
  );
  return settled === Sharing.UNSETTLED ? apart : settled === Sharing.APART;
}

function fallbackEngine(): Engine {
  return new (proxies().ProxyingEngine)(new (fallback().FallbackEngine)());
}

function unavailable(why: string, refusals: readonly string[]): EngineUnavailableError {
  return new EngineUnavailableError(
    [`${why} cannot be loaded:`, ...refusals.map((refusal) => `  - ${refusal}`)].join('\n'),
  );
}

function choose(): Choice {
  const choice = wished === 'fallback' ? ['HEDDLE_ENGINE=fallback asks for the fallback engine'] : native();
  if ('engine' in choice) return choice;
  if (wished === 'native') throw unavailable('the native engine, which HEDDLE_ENGINE=native asks for,', choice);
  if (isOfNativeMain()) return join({ engine: 'native', layout: LAYOUT_HASH, refusals: [] }, threadStarter);
  return { engine: fallbackEngine(), refusals: choice };
}

/** Whether this is a worker for which a main thread on the native engine has left no word. */
function isOfNativeMain(): boolean {
  if (isMainThread || !hasUvLoop()) return false;
  // HEDDLE_ENGINE=fallback may be there because the addon does harm; where another thread has loaded it, it does none.
  if (wished === 'fallback' && !isAddonLoaded()) return false;
  return load().addon?.isMainAttached() === true;
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
function join(family: Family, starter: Starter, passed?: Inheritance): Choice {
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
  if (family.engine === 'fallback') return { engine: fallbackEngine(), refusals: family.refusals };
  const choice = native(passed);
  if ('engine' in choice) return choice;
  throw unavailable(`the native engine, on which ${starter.name} runs,`, choice);
}

function joinOrChoose(): Choice {
  if (inheritance !== undefined) {
    const refusals = [`${processStarter.name} runs on the ${inheritance.engine} engine`];
    return join({ ...inheritance, refusals }, processStarter, inheritance);
  }
  const family = hasWorkerThreads() ? inherited<Family>(FAMILY) : undefined;
  return family === undefined ? choose() : join(family, threadStarter);
}

const choice = joinOrChoose();

/** Leaves word for the workers that are started from now on. */
export function bequeathFamily(): void {
  bequeath<Family>(FAMILY, { engine: engine.name, layout: LAYOUT_HASH, refusals });
}

/** The engine of this isolate. */
export const engine: Engine = choice.engine;

/** Why addons that are there were not loaded; of the fallback engine also that none is. */
export const refusals: readonly string[] = choice.refusals;

if (hasWorkerThreads()) bequeathFamily();

// The end of the process waits for its threads, and those blocked in a system call would not notice it.
if (isMainThread) process.on('exit', () => engine.beginExit());

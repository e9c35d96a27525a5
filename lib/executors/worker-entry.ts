/** What a thread of an executor runs: sets itself up, then works until it is told to end. */
import { isMainThread, workerData } from 'node:worker_threads';
import { decodeBytes, neededModulesOfBytes } from '../codec/codec.js';
import '../shipping/lane.js';
import { Slot } from '../memory/layout.js';
import { importModules } from '../shipping/modules.js';
import '../threads/arrivals.js';
import { writeDirectly } from '../threads/console.js';
import { enterAs } from '../threads/registry.js';
import { setOwnWord } from '../threads/slot.js';
import { beginWork } from './begin-work.js';
import { Carrier } from './carrier.js';
import { setOwnLoop } from './own-loop.js';
import type { Setup } from './parts.js';
import type { WorkerData } from './thread-host.js';
import { WorkerLoop } from './worker-loop.js';
import './thread-pool-executor.js';

const data = workerData as Partial<WorkerData> | null | undefined;
if (isMainThread || data?.heddle !== 'worker' || data.setup === undefined)
  throw new Error('worker-entry.js is what the threads of an executor run, and no module to import');

writeDirectly(process.stdout, 1);
writeDirectly(process.stderr, 2);
process.argv = [...(data.argv ?? [])];
setOwnWord(Slot.PARENT, data.parent ?? 0);

const modules = neededModulesOfBytes(data.setup);
let setup: Setup | undefined;
if (modules.length > 0) await importModules(modules);
setup = decodeBytes(data.setup) as Setup;
enterAs(setup.name);

const carrier = data.port === undefined ? undefined : new Carrier(data.port);
const loop = new WorkerLoop(setup, () => process.exit(0), carrier);
setOwnLoop(loop);
await beginWork(setup, loop);
setup = undefined;

/** What the thread of a relay runs: see `relay.ts`. */
import { isMainThread, workerData } from 'node:worker_threads';
import { decodeBytes } from '../codec/codec.js';
import { Slot } from '../memory/layout.js';
import '../processes/process.js';
import '../threads/arrivals.js';
import { enterAs } from '../threads/registry.js';
import { setOwnWord } from '../threads/slot.js';
import { Relay } from './relay.js';
import type { RelayData, RelaySetup } from './relay-host.js';
import { WorkerLoop } from './worker-loop.js';

const data = workerData as Partial<RelayData> | null | undefined;
if (isMainThread || data?.heddle !== 'relay' || data.setup === undefined)
  throw new Error('relay-entry.js is what threads of an executor run, and no module to import');

setOwnWord(Slot.PARENT, data.parent ?? 0);
const { line, child, address, ...setup } = decodeBytes(data.setup) as RelaySetup;
enterAs(setup.name);

const relay = new Relay(line, setup.id, address);
const loop = new WorkerLoop(setup, () => relay.stop(), undefined, relay);
relay.onFree = () => loop.poke();
child._onEnd(() => void relay.drain().then(() => process.exit(0)));
await relay.whenReady();
loop.start();

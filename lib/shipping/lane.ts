/** Has functions travel inside any value: importing this module is enough. How they do is loaded with the first of them. */
import { setFunctionLane } from '../codec/functions.js';
import { ownOnDemand } from '../engine/own-modules.js';
import type { FunctionCode } from './code.js';
import { loadModule } from './modules.js';

export const travel = ownOnDemand<typeof import('./travel.js')>('shipping/travel.js');

setFunctionLane({
  encode: (fn, need) => travel().sendFunction(fn, need),
  classOf: (instance) => travel().classOf(instance),
  mayImport: (url) => !travel().isEntryModule(url),
  load: loadModule,
  decode: (code) => travel().receiveFunction(code as FunctionCode),
});

/** Has functions travel inside any value: importing this module is enough. */
import { setFunctionLane } from '../codec/functions.js';
import { receiveFunction } from './arrival.js';
import type { FunctionCode } from './code.js';
import { sendFunction } from './departure.js';
import { classOf } from './instances.js';
import { loadModule } from './modules.js';
import { isEntryModule } from './references.js';

setFunctionLane({
  encode: sendFunction,
  classOf,
  mayImport: (url) => !isEntryModule(url),
  load: loadModule,
  decode: (code) => receiveFunction(code as FunctionCode),
});

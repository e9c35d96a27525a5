/** Has functions travel inside any value: importing this module is enough. */
import { setFunctionLane } from '../codec/functions.js';
import { receiveFunction } from './arrival.js';
import type { FunctionCode } from './code.js';
import { sendFunction } from './departure.js';
import { classOf } from './instances.js';

setFunctionLane({
  encode: sendFunction,
  classOf,
  decode: (code) => receiveFunction(code as FunctionCode),
});

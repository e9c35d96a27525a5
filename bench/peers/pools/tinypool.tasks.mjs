/** The tasks of tinypool: a result is transferred when it is wrapped by `Tinypool.move`. */
import { Tinypool } from 'tinypool';
import { touch } from './tasks.mjs';

export * from './tasks.mjs';

export function touchAndMove(bytes) {
  return Tinypool.move(touch(bytes));
}

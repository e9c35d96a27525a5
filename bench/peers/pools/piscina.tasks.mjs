/** The tasks of piscina: a result is transferred when it is wrapped by `move`. */
import { move } from 'piscina';
import { touch } from './tasks.mjs';

export * from './tasks.mjs';

export function touchAndMove(bytes) {
  return move(touch(bytes));
}

/** The tasks of heddle: a result is transferred when it is wrapped by `move`. */
import { move } from 'heddle';
import { touch } from './tasks.mjs';

export function touchAndMove(bytes) {
  return move(touch(bytes));
}

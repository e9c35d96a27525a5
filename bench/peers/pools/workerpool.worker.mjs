/** The script of workerpool's workers. */
import workerpool from 'workerpool';
import * as tasks from './tasks.mjs';

function touchAndMove(bytes) {
  return new workerpool.Transfer(tasks.touch(bytes), [bytes.buffer]);
}

workerpool.worker({ ...tasks, touchAndMove });

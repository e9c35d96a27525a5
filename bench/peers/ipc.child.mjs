/** The child of the IPC peer: adds up what it is sent, or sends it back. */
import { weightOf } from './items.mjs';

const what = process.argv[2];
if (what === 'echo') process.on('message', (item) => process.send(item));
else {
  const weigh = weightOf(what);
  let sum = 0;
  process.on('message', (item) => {
    if (item === 'end') {
      process.send(sum);
      sum = 0;
    } else sum += weigh(item);
  });
}
process.send('ready');

/** An event: threads wait until it is set; cleared, it makes them wait again. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Event, Thread } from 'heddle';

const SECOND = 50;

const event = new Event();

function waiter() {
  console.log('waiting');
  event.waitSync();
  console.log('the event is set:', event.isSet());
}

const t = new Thread({ target: waiter });
await t.start();
await sleep(2 * SECOND);
console.log('setting the event');
event.set();
await t.join();

event.clear();
console.log('cleared:', event.isSet());
console.log('set in time:', await event.wait({ timeout: SECOND }));

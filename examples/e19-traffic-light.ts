/** A traffic light runs in one thread and tells the cars in another by an event when to drive. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Event, Thread } from 'heddle';

const SECOND = 40;
/** The original never ends; this one stops a little into its third round. */
const TICKS = 125;

const event = new Event();
const over = new Event();

async function light() {
  let count = 0;
  for (let tick = 0; tick < TICKS; tick++) {
    if (count < 30) {
      if (!event.isSet()) {
        event.set();
        console.log('green');
      }
    } else if (count < 35) {
      console.log('yellow');
    } else if (count < 60) {
      if (event.isSet()) {
        event.clear();
        console.log('red');
      }
    } else {
      count = 0;
    }
    await sleep(0.3 * SECOND);
    count++;
  }
  over.set();
}

async function car(n: number) {
  while (!over.isSet()) {
    await event.wait();
    console.log(`car [${n}] is running..`);
    await sleep(SECOND);
  }
}

const lights = new Thread({ target: light });
const cars = new Thread({ target: car, args: [1] });
await lights.start();
await cars.start();

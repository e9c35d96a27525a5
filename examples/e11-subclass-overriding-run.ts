/** A subclass whose `run` is what the thread does. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Thread } from 'heddle';

const SECOND = 100;

class MyThread extends Thread {
  n: string;

  constructor(n: string) {
    super();
    this.n = n;
  }

  override async run() {
    console.log('running task', this.n);
    await sleep(2 * SECOND);
  }
}

const t1 = new MyThread('t1');
const t2 = new MyThread('t2');
await t1.start();
await t2.start();

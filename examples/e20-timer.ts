/** A timer calls a function once, after a second. */
import { Timer } from 'heddle';

const SECOND = 200;

function hello() {
  console.log('hello, world');
}

const t = new Timer(SECOND, hello);
await t.start();

const never = new Timer(100 * SECOND, hello);
await never.start();
never.cancel();

/** A subclass that keeps a function and its argument in fields of its own choosing. */
import { Thread } from 'heddle';

class MyThread extends Thread {
  func: (n: number) => void;
  args: number;

  constructor(func: (n: number) => void, args: number) {
    super();
    this.func = func;
    this.args = args;
  }

  override run() {
    this.func(this.args);
  }
}

function f2(n: number) {
  console.log(n);
}

const obj = new MyThread(f2, 1234);
await obj.start();
await obj.join();

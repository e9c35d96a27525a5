/** A Local is one variable with a value per thread. */
import { currentThread, Local, Thread } from 'heddle';

const localSchool = new Local<{ student?: string }>();

function processStudent() {
  console.log(`Hello, ${localSchool.value.student} (in ${currentThread().name})`);
}

function processThread(name: string) {
  localSchool.value.student = name;
  processStudent();
}

const t1 = new Thread({ target: processThread, args: ['Alice'], name: 'Thread-A' });
const t2 = new Thread({ target: processThread, args: ['Bob'], name: 'Thread-B' });
await t1.start();
await t2.start();
await t1.join();
await t2.join();
// Set by the threads only: this thread has a value of its own.
console.log(localSchool.value.student);

/** Pipe: a thread at each end. */
import { type Connection, Pipe, Thread } from 'heddle';

async function sender(connection: Connection<string>) {
  for (const url of ['url_1', 'url_2', 'url_3']) await connection.send(url);
  connection.close();
}

async function receiver(connection: Connection<string>) {
  for await (const url of connection) console.log(`received ${url}`);
  console.log('the other end is closed');
}

const [left, right] = Pipe<string>();
const threads = [new Thread({ target: sender, args: [left] }), new Thread({ target: receiver, args: [right] })];
for (const thread of threads) await thread.start();
// The threads have these ends now.
left.close();
right.close();
for (const thread of threads) await thread.join();

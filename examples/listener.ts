/** Listener and Client: a thread serves clients, whoever has the key. */
import { type Address, AuthenticationError, Client, Listener, SimpleQueue, Thread } from 'heddle';

const authkey = 'open sesame';
const addresses = new SimpleQueue<Address>();

const server = new Thread({
  target: async (authkey: string) => {
    const listener = new Listener<number[] | number | 'stop'>({ port: 0 }, { authkey });
    addresses.putSync(await listener.ready());
    for await (const connection of listener) {
      for await (const message of connection) {
        if (message === 'stop') listener.close();
        else if (Array.isArray(message)) await connection.send(message.reduce((a, b) => a + b, 0));
      }
      connection.close();
    }
  },
  args: [authkey],
});
await server.start();
const address = await addresses.get();

try {
  await Client(address, { authkey: 'open barley' });
} catch (error) {
  console.log(`refused: ${error instanceof AuthenticationError}`);
}

for (const numbers of [[1, 2, 3], [40, 2], []]) {
  const client = await Client<number[] | number>(address, { authkey });
  await client.send(numbers);
  console.log(`the sum of ${numbers.join(', ') || 'nothing'} is ${await client.recv()}`);
  client.close();
}

const client = await Client<string>(address, { authkey });
await client.send('stop');
client.close();
await server.join();

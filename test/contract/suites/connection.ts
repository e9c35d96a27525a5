/** The contract of Pipe and Connection. */
import {
  BrokenPipeError,
  BufferTooShortError,
  ConnectionClosedError,
  EOFError,
  InvalidStateError,
  Lock,
  NotSerializableError,
  Queue,
  TimeoutError,
} from 'heddle';
import { type Connection, Pipe } from 'heddle/multiprocessing';
import { describe, expect, it } from 'vitest';
import { type Reach, rejection, turn } from '../reach.js';

const MIB = 1024 * 1024;

export function connectionContract(reach: Reach): void {
  it('takes messages both ways', async () => {
    const [other] = reach.partners(1);
    const [here, there] = Pipe<unknown>();
    const echo = other!.run(async (there) => {
      there.sendSync(['back', await there.recv()]);
    }, there);
    await here.send({ a: 1, list: [1n, 'two', new Map([[3, null]])] });
    expect(await here.recv()).toEqual(['back', { a: 1, list: [1n, 'two', new Map([[3, null]])] }]);
    await echo;
    for (const end of [here, there]) {
      expect([end.readable, end.writable, end.closed, end.blocking]).toEqual([true, true, false, true]);
    }
  });

  it('takes messages one way, when it is not duplex', async () => {
    const [other] = reach.partners(1);
    const [receiver, sender] = Pipe<number>({ duplex: false });
    expect([receiver.readable, receiver.writable]).toEqual([true, false]);
    expect([sender.readable, sender.writable]).toEqual([false, true]);
    await other!.call(sender, 'send', 7);
    expect(receiver.recvSync()).toBe(7);
    await expect(receiver.send(1)).rejects.toThrow(InvalidStateError);
    expect(() => receiver.sendSync(1)).toThrow(/only receives/);
    await expect(receiver.sendBytes(new Uint8Array(1))).rejects.toThrow(/only receives/);
    await expect(sender.recv()).rejects.toThrow(InvalidStateError);
    expect(() => sender.recvSync()).toThrow(/only sends/);
    await expect(sender.poll()).rejects.toThrow(/only sends/);
    expect(() => sender.recvBytesSync()).toThrow(/only sends/);
  });

  it('keeps order and the bounds of messages, those of no bytes too', async () => {
    const [other] = reach.partners(1);
    const [here, there] = Pipe();
    const lengths = [0, 1, 5, 0, 65_536, 3, 16 * MIB + 1, 0];
    const received = other!.run(
      async (there, count) => {
        const seen: [number, number][] = [];
        for (let i = 0; i < count; i++) {
          const bytes = await there.recvBytes();
          seen.push([bytes.length, bytes.reduce((sum: number, byte: number) => sum + byte, 0)]);
        }
        return seen;
      },
      there,
      lengths.length,
    );
    for (const [index, length] of lengths.entries()) await here.sendBytes(new Uint8Array(length).fill(index));
    expect(await received).toEqual(lengths.map((length, index) => [length, length * index]));
  });

  it('carries shared objects, its own ends among them', async () => {
    const [other] = reach.partners(1);
    const [here, there] = Pipe<unknown>();
    const [inner, innerThere] = Pipe<string>();
    const lock = new Lock();
    await here.send([innerThere, lock]);
    await other!.run(async (there) => {
      const [end, lock] = (await there.recv()) as [Connection, Lock];
      await end.send(lock.tryAcquire() ? 'taken' : 'held');
      await there.send(there);
    }, there);
    expect(await inner.recv()).toBe('taken');
    expect(lock.locked()).toBe(true);
    // It is the object that was sent, where that is known.
    expect(await here.recv()).toBe(there);
    lock.release();
  });

  it('is the same connection on every way', async () => {
    const [other] = reach.partners(1);
    const [here] = Pipe();
    const queue = new Queue<Connection>();
    await other!.run((queue, here) => queue.put(here), queue, here);
    expect(queue.getNowait()).toBe(here);
  });

  it('comes to its end when the other end is closed, once everything is received', async () => {
    const [other] = reach.partners(1);
    const [here, there] = Pipe<number>();
    await other!.run((there) => {
      there.sendSync(1);
      there.sendSync(2);
      there.close();
    }, there);
    there.close();
    expect(await here.recv()).toBe(1);
    expect(here.pollSync()).toBe(true);
    expect(here.recvSync()).toBe(2);
    expect(await here.poll()).toBe(true);
    await expect(here.recv()).rejects.toThrow(EOFError);
    expect(() => here.recvSync()).toThrow(EOFError);
    await expect(here.send(3)).rejects.toThrow(BrokenPipeError);
    expect(() => here.sendSync(3)).toThrow(BrokenPipeError);
  });

  it('ends those who wait at the other end', async () => {
    const [first, second] = reach.partners(2);
    const [here, there] = Pipe<number>({ maxSize: 1 });
    there.sendSync(0);
    const started = new Queue<string>();
    const receiving = first!.run(
      (there, started) => {
        started.putNowait('recv');
        return there.recv().then(String, (error: Error) => error.name);
      },
      there,
      started,
    );
    const sending = second!.run(
      (there, started) => {
        started.putNowait('send');
        return there.send(1).then(String, (error: Error) => error.name);
      },
      there,
      started,
    );
    await started.get();
    await started.get();
    await turn();
    here.close();
    expect(await receiving).toBe('EOFError');
    expect(await sending).toBe('BrokenPipeError');
  });

  it('is open for the other end as long as one thread holds this end', async () => {
    const [other] = reach.partners(1);
    const [here, there] = Pipe<number>();
    await other!.run((there) => {
      (globalThis as Record<string, unknown>).end = there;
    }, there);
    there.close();
    const holdsItself = reach.name !== 'task';
    if (holdsItself) {
      await here.send(5);
      expect(
        await other!.run(() => (globalThis as unknown as Record<string, Connection<number>>).end!.recvSync()),
      ).toBe(5);
      await other!.run(() => (globalThis as unknown as Record<string, Connection>).end!.close());
    }
    await expect(here.send(6)).rejects.toThrow(BrokenPipeError);
    expect(() => here.recvSync()).toThrow(EOFError);
  });

  it('drops what a closed end has not received, and what that holds', async () => {
    const [other] = reach.partners(1);
    const [outer, outerThere] = Pipe<unknown>();
    const [here, there] = Pipe<unknown>();
    outer.sendSync([there]);
    there.close();
    expect(await here.poll()).toBe(false);
    await other!.run((end) => end.close(), outerThere);
    outerThere.close();
    await expect(here.recv()).rejects.toThrow(EOFError);
  });

  it('waits while the other end has not received as many messages as there is room for', async () => {
    const [other] = reach.partners(1);
    const [here, there] = Pipe<number>({ maxSize: 2 });
    here.sendSync(1);
    await here.send(2);
    await expect(here.send(3, { timeout: 0 })).rejects.toThrow(TimeoutError);
    await expect(here.send(3, { timeout: 5 })).rejects.toThrow(/2 messages/);
    expect(() => here.sendSync(3, { timeout: 5 })).toThrow(TimeoutError);
    const sent = here.send(3);
    expect(await other!.call(there, 'recv')).toBe(1);
    await sent;
    expect(await other!.call(there, 'recv')).toBe(2);
    expect(await other!.call(there, 'recv')).toBe(3);
  });

  it('takes as many small messages as a pipe of an operating system before anybody receives', () => {
    const [here, there] = Pipe<number>();
    for (let i = 0; i < 1024; i++) here.sendSync(i);
    expect(() => here.sendSync(1024, { timeout: 0 })).toThrow(TimeoutError);
    for (let i = 0; i < 1024; i++) expect(there.recvSync()).toBe(i);
  });

  it('refuses what cannot be sent, and sends nothing', async () => {
    const [other] = reach.partners(1);
    const [here, there] = Pipe<unknown>();
    await expect(here.send(new WeakMap())).rejects.toThrow(NotSerializableError);
    expect(() => here.sendSync([new WeakMap()])).toThrow(/item\[0\]/);
    for (const wrong of [undefined, 'text', 7, [1, 2]]) {
      await expect(here.sendBytes(wrong as never)).rejects.toThrow(TypeError);
      expect(() => here.sendBytesSync(wrong as never)).toThrow(/bytes must be/);
    }
    expect(await other!.call(there, 'poll')).toBe(false);
  });

  it('sends the part of a buffer that a view shows', async () => {
    const [other] = reach.partners(1);
    const [here, there] = Pipe();
    const numbers = Uint16Array.of(1, 2, 3, 4);
    await here.sendBytes(numbers.subarray(1, 3));
    await here.sendBytes(new DataView(numbers.buffer, 6));
    await here.sendBytes(numbers.buffer);
    await here.sendBytes(Buffer.from('text'));
    const got = await other!.run(async (there) => {
      const all: Uint8Array[] = [];
      for (let i = 0; i < 4; i++) all.push(await there.recvBytes());
      return all;
    }, there);
    expect(got).toEqual([
      Uint8Array.of(2, 0, 3, 0),
      Uint8Array.of(4, 0),
      new Uint8Array(numbers.buffer),
      Uint8Array.from(Buffer.from('text')),
    ]);
  });

  it('sends the bytes as they are at the call', async () => {
    const [here, there] = Pipe({ maxSize: 1 });
    const bytes = Uint8Array.of(1);
    const first = here.sendBytes(bytes);
    const second = here.sendBytes(bytes);
    bytes[0] = 2;
    await first;
    expect(await there.recvBytes()).toEqual(Uint8Array.of(1));
    await second;
    expect(await there.recvBytes()).toEqual(Uint8Array.of(1));
  });

  it('tells bytes from what send() sent', async () => {
    const [here, there] = Pipe<unknown>();
    await here.send('text');
    await expect(there.recvBytes()).rejects.toThrow(/recv\(\)/);
    await here.send(Uint8Array.of(1, 2));
    expect(there.recvBytesSync()).toEqual(Uint8Array.of(1, 2));
    here.sendBytesSync(Uint8Array.of(3));
    expect(await there.recv()).toEqual(Uint8Array.of(3));
  });

  it('is closed by a message longer than maxLength', async () => {
    const [other] = reach.partners(1);
    const [here, there] = Pipe();
    await other!.call(there, 'sendBytes', new Uint8Array(10));
    await other!.call(there, 'sendBytes', new Uint8Array(11));
    expect((await here.recvBytes({ maxLength: 10 })).length).toBe(10);
    await expect(here.recvBytes({ maxLength: 10 })).rejects.toThrow(ConnectionClosedError);
    expect(here.closed).toBe(true);
    await expect(here.recvBytes()).rejects.toThrow(ConnectionClosedError);
    await expect(other!.call(there, 'sendBytes', new Uint8Array(1))).rejects.toThrow(BrokenPipeError);
    const [left, right] = Pipe();
    left.sendBytesSync(new Uint8Array(2));
    expect(() => right.recvBytesSync({ maxLength: 1 })).toThrow(ConnectionClosedError);
    expect(right.closed).toBe(true);
    for (const maxLength of [-1, 1.5, Number.NaN]) {
      await expect(left.recvBytes({ maxLength })).rejects.toThrow(RangeError);
    }
  });

  it('receives into a buffer', async () => {
    const [other] = reach.partners(1);
    const [here, there] = Pipe();
    for (const text of ['abc', '', 'longer', 'de', 'f']) await other!.call(there, 'sendBytes', Buffer.from(text));
    const buffer = new Uint8Array(5).fill(46);
    expect(await here.recvBytesInto(buffer, { offset: 1 })).toBe(3);
    expect(Buffer.from(buffer).toString()).toBe('.abc.');
    expect(await here.recvBytesInto(buffer)).toBe(0);
    const error = await rejection(here.recvBytesInto(buffer));
    expect(error).toBeInstanceOf(BufferTooShortError);
    expect(Buffer.from((error as BufferTooShortError).bytes).toString()).toBe('longer');
    expect(Buffer.from(buffer).toString()).toBe('.abc.');
    expect(here.recvBytesIntoSync(buffer, { offset: 3 })).toBe(2);
    expect(Buffer.from(buffer).toString()).toBe('.abde');
    const words = new Uint32Array(1);
    expect(await here.recvBytesInto(words)).toBe(1);
    expect(words[0]! & 255).toBe('f'.charCodeAt(0));
    await expect(here.recvBytesInto(buffer, { offset: 6 })).rejects.toThrow(RangeError);
    await expect(here.recvBytesInto('text' as never)).rejects.toThrow(TypeError);
  });

  describe('poll', () => {
    it('looks once unless told to wait', async () => {
      const [other] = reach.partners(1);
      const [here, there] = Pipe<number>();
      expect(await here.poll()).toBe(false);
      expect(here.pollSync()).toBe(false);
      expect(await here.poll({ timeout: 5 })).toBe(false);
      expect(here.pollSync({ timeout: 5 })).toBe(false);
      // Python's poll(None) waits for ever.
      await expect(here.poll({ timeout: null as never })).rejects.toThrow(/timeout must be a number/);
      await other!.call(there, 'send', 1);
      expect(await here.poll()).toBe(true);
      expect(here.pollSync({ timeout: 5 })).toBe(true);
      expect(here.recvSync()).toBe(1);
      await expect(here.poll({ timeout: -1 })).rejects.toThrow(RangeError);
    });

    it('waits for a message and takes nothing', async () => {
      const [other] = reach.partners(1);
      const [here, there] = Pipe<number>();
      const polled = other!.call(there, 'poll', { timeout: Number.POSITIVE_INFINITY });
      await turn();
      await here.send(4);
      expect(await polled).toBe(true);
      expect(await other!.call(there, 'recv')).toBe(4);
    });

    it('leaves the message to whoever waits for it', async () => {
      const [other] = reach.partners(1);
      const [here, there] = Pipe<number>();
      const polled = there.poll({ timeout: Number.POSITIVE_INFINITY });
      const received = there.recv();
      await other!.call(here, 'send', 5);
      expect(await polled).toBe(true);
      expect(await received).toBe(5);
    });

    it('sees the end of the other end', async () => {
      const [other] = reach.partners(1);
      const [here, there] = Pipe<number>();
      const polled = other!.call(there, 'poll', { timeout: Number.POSITIVE_INFINITY });
      await turn();
      here.close();
      expect(await polled).toBe(true);
    });

    it('can be aborted', async () => {
      const [here] = Pipe<number>();
      const stop = new AbortController();
      const polled = here.poll({ timeout: Number.POSITIVE_INFINITY, signal: stop.signal });
      stop.abort(new Error('enough'));
      await expect(polled).rejects.toThrow('enough');
    });
  });

  describe('a receive that gives up', () => {
    it('takes no message with it', async () => {
      const [other] = reach.partners(1);
      const [here, there] = Pipe<number>();
      await expect(here.recv({ timeout: 0 })).rejects.toThrow(TimeoutError);
      await expect(here.recv({ timeout: 5 })).rejects.toThrow(/5 ms/);
      expect(() => here.recvSync({ timeout: 5 })).toThrow(TimeoutError);
      const stop = new AbortController();
      const aborted = here.recv({ signal: stop.signal });
      stop.abort(new Error('enough'));
      await expect(aborted).rejects.toThrow('enough');
      await other!.call(there, 'send', 1);
      expect(await here.recv()).toBe(1);
      await expect(here.recv({ timeout: -1 })).rejects.toThrow(RangeError);
      await expect(here.recv({ signal: {} as never })).rejects.toThrow(TypeError);
    });

    it('does so when the connection is closed meanwhile', async () => {
      const [other] = reach.partners(1);
      const [here, there] = Pipe<number>();
      // Another thread holds this end too, so that the end itself stays.
      const holder = new Queue<Connection>();
      holder.putNowait(here);
      const received = rejection(here.recv());
      const polled = rejection(here.poll({ timeout: Number.POSITIVE_INFINITY }));
      here.close();
      expect(await received).toBeInstanceOf(ConnectionClosedError);
      expect(await polled).toBeInstanceOf(ConnectionClosedError);
      await other!.call(there, 'send', 2);
      const again = holder.getNowait();
      expect(again).not.toBe(here);
      expect(await again.recv()).toBe(2);
    });
  });

  it('refuses every call once it is closed', async () => {
    const [here] = Pipe<number>();
    here.close();
    here.close();
    expect(here.closed).toBe(true);
    for (const call of [
      () => here.send(1),
      () => here.recv(),
      () => here.sendBytes(new Uint8Array(1)),
      () => here.recvBytes(),
      () => here.recvBytesInto(new Uint8Array(1)),
      () => here.poll(),
    ]) {
      await expect(call()).rejects.toThrow(ConnectionClosedError);
    }
    for (const call of [() => here.sendSync(1), () => here.recvSync(), () => here.pollSync()]) {
      expect(call).toThrow(ConnectionClosedError);
    }
    expect(() => new Queue().putNowait([here])).toThrow(ConnectionClosedError);
  });

  it('is iterated until the other end is closed', async () => {
    const [other] = reach.partners(1);
    const [here, there] = Pipe<number>();
    const sum = other!.run(async (there) => {
      let sum = 0;
      for await (const number of there) sum += number;
      return sum;
    }, there);
    for (let i = 1; i <= 100; i++) await here.send(i);
    here.close();
    expect(await sum).toBe(5050);
  });

  it('is closed by `using`', async () => {
    const [here, there] = Pipe();
    {
      using end = there;
      expect(end.closed).toBe(false);
    }
    expect(there.closed).toBe(true);
    {
      await using end = here;
      expect(end.closed).toBe(false);
    }
    expect(here.closed).toBe(true);
  });

  it('hands every message to one of those who receive', async () => {
    const partners = reach.partners(2);
    const [here, there] = Pipe<number>({ maxSize: 16 });
    const taken = partners.map((partner) =>
      partner.run(async (there) => {
        const all: number[] = [];
        for await (const number of there) all.push(number);
        return all;
      }, there),
    );
    for (let i = 0; i < 2000; i++) await here.send(i);
    here.close();
    const all = (await Promise.all(taken)).flat();
    expect(all.sort((a, b) => a - b)).toEqual(Array.from({ length: 2000 }, (_, i) => i));
  });

  it('checks its arguments', () => {
    expect(() => Pipe(7 as never)).toThrow(TypeError);
    expect(() => Pipe({ duplex: 'no' as never })).toThrow(/duplex must be/);
    for (const maxSize of [0, -1, 1.5]) expect(() => Pipe({ maxSize })).toThrow(RangeError);
    const [here] = Pipe();
    expect(() => new (here.constructor as new () => unknown)()).toThrow(/Pipe\(\)/);
  });
}

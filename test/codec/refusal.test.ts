import { EventEmitter } from 'node:events';
import net from 'node:net';
import { MessageChannel } from 'node:worker_threads';
import { beforeAll, describe, expect, it } from 'vitest';
import { decodeBytes, encode, encodeBytes, encodeThrownBytes, markShared, registerClass } from '#dist/codec/codec.js';
import { setFunctionLane } from '#dist/codec/functions.js';
import { NotSerializableError } from '#dist/errors.js';

/** What the codec itself does: functions are not its own. */
beforeAll(() => setFunctionLane(undefined));

function refusal(value: unknown, root?: string): string {
  try {
    encode(value, root);
  } catch (error) {
    expect(error).toBeInstanceOf(NotSerializableError);
    expect((error as NotSerializableError).code).toBe('ERR_HEDDLE_NOT_SERIALIZABLE');
    return (error as Error).message;
  }
  throw new Error('it was encoded');
}

/** The path a refusal names: all before ` is `. */
function path(value: unknown, root?: string): string {
  return refusal(value, root).split(' is ')[0] as string;
}

describe('a refusal names the path', () => {
  const bad = Symbol('bad');

  it('of the value itself', () => {
    expect(path(bad)).toBe('item');
    expect(path(bad, 'args')).toBe('args');
  });

  it('through objects, arrays, maps and sets', () => {
    expect(path([{ socket: bad }], 'args')).toBe('args[0].socket');
    expect(path({ list: [1, 2, 3, new Map([['k', bad]])] })).toBe('item.list[3].get("k")');
    expect(path(new Map([[5, { a: bad }]]))).toBe('item.get(5).a');
    expect(
      path(
        new Map([
          [1, 2],
          [bad as unknown, 3],
        ] as [unknown, unknown][]),
      ),
    ).toBe('item.keys()[1]');
    expect(path([new Set([1, bad])])).toBe('item[0].values()[1]');
    expect(path({ 'not a name': { 7: bad } })).toBe('item["not a name"][7]');
    expect(path(Object.assign(new Array(3), { 2: bad }))).toBe('item[2]');
    expect(path({ ok: 1, größe: bad })).toBe('item.größe');
  });

  it('through errors', () => {
    expect(path(new Error('x', { cause: { handle: bad } }))).toBe('item.cause.handle');
  });

  it('after siblings that were fine', () => {
    expect(path({ a: { b: { c: 1 } }, d: [new Map([[{}, {}]])], e: bad })).toBe('item.e');
  });

  it('however deep', () => {
    let value: unknown = bad;
    for (let i = 0; i < 450; i++) value = { a: value };
    expect(path(value)).toBe(`item${'.a'.repeat(450)}`);
  });
});

describe('a refusal after deep values', () => {
  it('names the whole path inside what an encode() returned, and after it', () => {
    class Holder {
      data: unknown;
    }
    registerClass<Holder, unknown>(Holder, {
      name: 'refusal.test Holder',
      encode: (it) => it.data,
      decode: () => new Holder(),
    });
    let deep: unknown = Symbol('bad');
    for (let i = 0; i < 300; i++) deep = { a: deep };
    expect(path([Object.assign(new Holder(), { data: deep })])).toBe(`item[0]${'.a'.repeat(300)}`);
    let fine: unknown = 1;
    for (let i = 0; i < 300; i++) fine = { a: fine };
    expect(path({ holder: Object.assign(new Holder(), { data: fine }), next: { bad: Symbol('bad') } })).toBe(
      'item.next.bad',
    );
  });
});

describe('what cannot travel is refused with what it is and what to do', () => {
  const { port1 } = new MessageChannel();
  const memory = new SharedArrayBuffer(8);
  const detached = new ArrayBuffer(8);
  structuredClone(detached, { transfer: [detached] });
  const cases: [string, unknown, RegExp][] = [
    ['a symbol', Symbol('s'), /the symbol Symbol\(s\).*use one of Symbol\.for\(\)/],
    ['a boxed symbol', Object(Symbol('s')), /a Symbol/],
    ['a promise', Promise.resolve(1), /a Promise.*await it first/],
    ['a WeakMap', new WeakMap(), /a WeakMap/],
    ['a WeakRef', new WeakRef({}), /a WeakRef/],
    ['a Proxy', new Proxy({}, {}), /a Proxy.*send the object behind it/],
    ['a Proxy of an array', new Proxy([], {}), /a Proxy/],
    ['a SharedArrayBuffer', memory, /a SharedArrayBuffer.*SharedArray/],
    ['a view of a SharedArrayBuffer', new Int32Array(memory), /an Int32Array over shared memory.*SharedArray/],
    ['a Uint8Array over a SharedArrayBuffer', new Uint8Array(memory), /a Uint8Array over shared memory/],
    ['a Buffer over a SharedArrayBuffer', Buffer.from(memory), /a Buffer over shared memory/],
    ['a detached ArrayBuffer', detached, /an ArrayBuffer that is detached/],
    ['a MessagePort', port1, /a MessagePort.*Queue/],
    ['an AbortSignal', new AbortController().signal, /an AbortSignal.*Event/],
    [
      'a generator',
      (function* () {
        yield 1;
      })(),
      /an iterator.*array/,
    ],
    ['an iterator', new Map().entries(), /an iterator/],
    ['an event emitter', new EventEmitter(), /an EventEmitter/],
    ['an event target', new EventTarget(), /an EventTarget/],
    ['a formatter', new Intl.NumberFormat('en'), /a NumberFormat/],
    ['a blob', new Blob(['x']), /a Blob/],
  ];
  for (const [name, value, message] of cases) {
    it(name, () => {
      expect(refusal({ it: value })).toMatch(/^item\.it is /);
      expect(refusal({ it: value })).toMatch(message);
      expect(() => encode(value)).toThrow(NotSerializableError);
    });
  }
  port1.close();

  it('a socket, by its own name and not by something inside it', () => {
    const socket = new net.Socket();
    expect(refusal([{ socket }], 'args')).toMatch(
      /^args\[0\]\.socket is a Socket, which cannot be sent to another thread: it belongs to the thread that made it/,
    );
    socket.destroy();
  });

  it('an object of a class that holds such a thing, by the name of the object', () => {
    class Database {
      options = { name: 'db' };
      connections = [{ socket: new EventEmitter() }];
    }
    expect(refusal({ db: new Database() })).toMatch(
      /^item\.db is a Database, which cannot be sent to another thread: its connections\[0\]\.socket is an EventEmitter; .*registerClass\(\)/,
    );
  });

  it('an object that keeps its state in symbols', () => {
    const state: unique symbol = Symbol('state');
    class Hidden {
      [state] = 1;
    }
    expect(refusal([new Hidden()])).toMatch(/^item\[0\] is a Hidden.*its state is not in properties/);
  });

  it('views of memory that is marked as shared', () => {
    const buffer = new ArrayBuffer(16);
    markShared(buffer);
    expect(refusal(new Uint8Array(buffer))).toMatch(/over shared memory.*SharedArray/);
    expect(refusal({ a: new Float64Array(buffer) })).toMatch(/^item\.a is a Float64Array over shared memory/);
  });

  it('timers, which hold functions', () => {
    const timer = setTimeout(() => {}, 0);
    expect(refusal({ timer })).toMatch(/^item\.timer is a Timeout/);
    clearTimeout(timer);
  });
});

describe('a getter that throws', () => {
  it('has its own error thrown, and the next value is fine', () => {
    const failure = new Error('mine');
    expect(() =>
      encode({
        a: 1,
        get b() {
          throw failure;
        },
      }),
    ).toThrow(failure);
    expect(decodeBytes(encodeBytes({ a: [1] }))).toEqual({ a: [1] });
  });
});

describe('what was thrown always travels', () => {
  it('an error without those of its properties that cannot', () => {
    const error = Object.assign(new TypeError('broken'), {
      socket: new EventEmitter(),
      port: 80,
      list: [1, { callback: () => {} }],
      after: { ok: true },
    });
    const copy = decodeBytes(encodeThrownBytes(error)) as typeof error;
    expect(copy).toBeInstanceOf(TypeError);
    expect(copy.message).toBe('broken');
    expect(Object.keys(copy)).toEqual(['port', 'after']);
    expect(copy.after).toEqual({ ok: true });
  });

  it('keeps references right across what it left out', () => {
    const inner = { n: 1 };
    const error = Object.assign(new Error('x'), {
      a: [inner],
      b: [{ x: {} }, inner, Symbol('no')],
      c: inner,
      d: { x: 1 },
    });
    const copy = decodeBytes(encodeThrownBytes(error)) as unknown as { a: object[]; c: object; d: object };
    expect(copy.a[0]).toBe(copy.c);
    expect(copy.d).toEqual({ x: 1 });
  });

  it('anything else as the description of it', () => {
    const copy = decodeBytes(encodeThrownBytes({ callback: () => {}, port: 80 })) as Error & { code: string };
    expect(copy.code).toBe('ERR_HEDDLE_REMOTE');
    expect(copy.message).toMatch(/port: 80/);
    expect(decodeBytes(encodeThrownBytes('text'))).toBe('text');
  });
});

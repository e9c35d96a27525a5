import { describe, expect, it } from 'vitest';
import { decodeBytes, encodeBytes, registerClass } from '#dist/codec/codec.js';
import { NotSerializableError } from '#dist/errors.js';

function copyOf<T>(value: T): T {
  return decodeBytes(encodeBytes(value)) as T;
}

class Point {
  x: number;
  y: number;
  constructor(x: number, y: number) {
    this.x = x;
    this.y = y;
  }
  get length() {
    return Math.hypot(this.x, this.y);
  }
}
registerClass(Point, { name: 'classes.test Point' });

class Secret {
  #value: unknown;
  constructor(value: unknown) {
    this.#value = value;
  }
  get value() {
    return this.#value;
  }
  static {
    registerClass<Secret, unknown[]>(Secret, {
      name: 'classes.test Secret',
      encode: (secret) => [secret.#value],
      decode: ([value]) => new Secret(value),
    });
  }
}

describe('an instance of a registered class', () => {
  it('arrives as an instance, with its properties', () => {
    const copy = copyOf(new Point(3, 4));
    expect(copy).toBeInstanceOf(Point);
    expect(copy.length).toBe(5);
  });

  it('keeps identity and cycles', () => {
    const point = Object.assign(new Point(1, 2), { self: undefined as unknown });
    point.self = [point];
    const [a, b] = copyOf([point, point]) as [typeof point, typeof point];
    expect(a).toBe(b);
    expect(a.self).toEqual([a]);
  });

  it('goes through encode and decode when it has them', () => {
    const copy = copyOf(new Secret({ deep: new Secret(5) }));
    expect((copy.value as { deep: Secret }).deep.value).toBe(5);
  });

  it('is one object however often it is met', () => {
    const secret = new Secret(1);
    const [a, b] = copyOf([secret, secret]);
    expect(a).toBe(b);
  });

  it('does not run setters of its class', () => {
    class Guarded {
      set level(_: number) {
        throw new Error('the setter ran');
      }
    }
    registerClass(Guarded, { name: 'classes.test Guarded' });
    const guarded = new Guarded();
    Object.defineProperty(guarded, 'level', { value: 7, enumerable: true });
    expect(Object.getOwnPropertyDescriptor(copyOf(guarded), 'level')?.value).toBe(7);
  });

  it('brings its subclasses along as itself', () => {
    class Point3 extends Point {
      z = 9;
    }
    const copy = copyOf(new Point3(1, 2));
    expect(Object.getPrototypeOf(copy)).toBe(Point.prototype);
    expect(copy.z).toBe(9);
  });

  it('may be of a class over a built-in one, with encode and decode', () => {
    class Bag extends Map<string, number> {
      get total() {
        return [...this.values()].reduce((sum, n) => sum + n, 0);
      }
    }
    registerClass<Bag, [string, number][]>(Bag, {
      name: 'classes.test Bag',
      encode: (bag) => [...bag],
      decode: (entries) => new Bag(entries),
    });
    expect(
      copyOf(
        new Bag([
          ['a', 1],
          ['b', 2],
        ]),
      ).total,
    ).toBe(3);
    class Stack extends Array<number> {}
    registerClass<Stack, number[]>(Stack, {
      name: 'classes.test Stack',
      encode: (stack) => [...stack],
      decode: (items) => Stack.from(items) as Stack,
    });
    expect(copyOf(Stack.from([1, 2]))).toBeInstanceOf(Stack);
  });

  it('may be an event emitter that says how it travels', async () => {
    const { EventEmitter } = await import('node:events');
    class Feed extends EventEmitter {
      topic: string;
      constructor(topic: string) {
        super();
        this.topic = topic;
      }
    }
    registerClass<Feed, string>(Feed, {
      name: 'classes.test Feed',
      encode: (feed) => feed.topic,
      decode: (topic) => new Feed(topic),
    });
    expect(copyOf(new Feed('news')).topic).toBe('news');
  });

  it('may not be led back to by what its encode() returns', () => {
    const loop = new Secret(undefined);
    class Loop {
      inside: unknown;
    }
    registerClass<Loop, unknown>(Loop, {
      name: 'classes.test Loop',
      encode: (it) => it.inside,
      decode: () => new Loop(),
    });
    const it = new Loop();
    it.inside = { back: it };
    expect(() => encodeBytes([loop, it])).toThrow(/^item\[1\]\.back is a reference to an object that contains it/);
  });

  it('passes on what its encode() and decode() throw', () => {
    class Bad {
      when: string;
      constructor(when: string) {
        this.when = when;
      }
    }
    registerClass<Bad, string>(Bad, {
      name: 'classes.test Bad',
      encode: (bad) => {
        if (bad.when === 'encode') throw new RangeError('at encode');
        return bad.when;
      },
      decode: () => {
        throw new RangeError('at decode');
      },
    });
    expect(() => encodeBytes(new Bad('encode'))).toThrow(new RangeError('at encode'));
    expect(() => copyOf(new Bad('decode'))).toThrow(new RangeError('at decode'));
  });

  it('has all of its data, however deep, when its decode() runs', () => {
    const depthOf = (list: unknown): number => {
      let depth = 0;
      for (let at = list; Array.isArray(at); at = at[0]) depth++;
      return depth;
    };
    class Measured {
      depth = 0;
      list: unknown;
    }
    registerClass<Measured, unknown>(Measured, {
      name: 'classes.test Measured',
      encode: (measured) => measured.list,
      decode: (list) => Object.assign(new Measured(), { depth: depthOf(list) }),
    });
    const deep = (levels: number, end: unknown): unknown => {
      let list = end;
      for (let i = 0; i < levels; i++) list = [list];
      return list;
    };
    const inner = Object.assign(new Measured(), { list: deep(900, null) });
    const value = {
      before: deep(700, 1),
      it: Object.assign(new Measured(), { list: deep(1_500, inner) }),
      after: deep(600, 2),
    };
    const copy = copyOf(deep(250, value));
    let at = copy as unknown[] | typeof value;
    while (Array.isArray(at)) at = at[0] as typeof at;
    expect(at.it.depth).toBe(1_500);
    expect([depthOf(at.before), depthOf(at.after)]).toEqual([700, 600]);
  });

  it('may be deep', () => {
    class Link {
      next: Link | undefined;
    }
    registerClass(Link, { name: 'classes.test Link' });
    let first: Link | undefined;
    for (let i = 0; i < 1_000; i++) first = Object.assign(new Link(), { next: first });
    let length = 0;
    for (let at = copyOf(first); at !== undefined; at = at.next) {
      expect(at).toBeInstanceOf(Link);
      length++;
    }
    expect(length).toBe(1_000);
  });
});

describe('a class that is not registered where its instance arrives', () => {
  it('is named in the error', () => {
    const bytes = encodeBytes(new Point(1, 2));
    const at = Buffer.from(bytes.buffer).indexOf('classes.test Point');
    bytes.set(Buffer.from('classes.test Joint'), at);
    expect(() => decodeBytes(bytes)).toThrow(NotSerializableError);
    expect(() => decodeBytes(bytes)).toThrow(/'classes\.test Joint'.*not registered.*registerClass/);
  });
});

describe('registerClass()', () => {
  it('takes the same class again', () => {
    registerClass(Point, { name: 'classes.test Point' });
    expect(copyOf(new Point(1, 2))).toBeInstanceOf(Point);
  });

  it('refuses a name that another class has', () => {
    class Other {}
    expect(() => registerClass(Other, { name: 'classes.test Point' })).toThrow(
      new TypeError("name 'classes.test Point' is registered for another class already"),
    );
  });

  it('refuses what is no class, no name, or half a codec', () => {
    expect(() => registerClass({} as never, { name: 'x' })).toThrow(TypeError);
    expect(() => registerClass((() => {}) as never, { name: 'x' })).toThrow(TypeError);
    expect(() => registerClass(class {}, { name: '' })).toThrow(TypeError);
    expect(() => registerClass(class {}, { name: 'half', encode: () => 1 })).toThrow(/both/);
    expect(() => registerClass(class extends Map {}, { name: 'map' })).toThrow(/needs encode and decode/);
  });

  it('holds for instances that travelled before', () => {
    class Late {
      a = 1;
    }
    const late = new Late();
    expect(copyOf(late)).not.toBeInstanceOf(Late);
    registerClass(Late, { name: 'classes.test Late' });
    expect(copyOf(late)).toBeInstanceOf(Late);
  });
});

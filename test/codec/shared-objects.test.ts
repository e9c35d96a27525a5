import { describe, expect, it } from 'vitest';
import {
  decode,
  decodeBytes,
  discard,
  dropBytes,
  encode,
  encodeBytes,
  encodeOwned,
  encodeThrownBytes,
  registerClass,
} from '#dist/codec/codec.js';
import { engine } from '#dist/engine/select.js';
import { registerTravel, SharedObject } from '#dist/engine/shared-object.js';
import { NotSerializableError } from '#dist/errors.js';
import { Cell, Kind } from '#dist/memory/layout.js';

class Flag extends SharedObject {
  readonly extra: unknown;
  readonly handle: number;
  constructor(extra?: unknown) {
    super(Kind.EVENT);
    this.extra = extra;
    // Not part of the declarations, which leave out what is internal.
    this.handle = (this as unknown as { _handle: number })._handle;
  }
  get references(): number {
    return Atomics.load(engine.words, this.handle + Cell.REFS);
  }
  close(): void {
    this.releaseHandle();
  }
}
registerTravel(Flag, { tag: 'test Flag', revive: (extra) => new Flag(extra), extra: (flag) => flag.extra });

describe('a shared object in a message', () => {
  it('arrives as the object it is, in the isolate that has it', () => {
    const flag = new Flag();
    const bytes = encodeBytes({ flag, again: [flag] });
    const copy = decodeBytes(bytes) as { flag: Flag; again: Flag[] };
    expect(copy.flag).toBe(flag);
    expect(copy.again[0]).toBe(flag);
    expect(flag.references).toBe(1);
  });

  it('is referred to once by the message, however often it occurs', () => {
    const flag = new Flag();
    const item = encode([flag, flag, { flag }]);
    expect(item.handles).toEqual([flag.handle]);
    expect(flag.references).toBe(2);
    discard(item);
    expect(flag.references).toBe(1);
    discard(item);
    expect(flag.references).toBe(1);
  });

  it('survives its sender in a message, and comes back from it', () => {
    const flag = new Flag('extra');
    const handle = flag.handle;
    const bytes = encodeBytes(flag);
    flag.close();
    expect(Atomics.load(engine.words, handle + Cell.REFS)).toBe(1);
    const copy = decodeBytes(bytes) as Flag;
    expect(copy).not.toBe(flag);
    expect(copy.handle).toBe(handle);
    expect(copy.extra).toBe('extra');
    expect(copy.references).toBe(1);
    copy.close();
  });

  it('takes what it needs along, other shared objects too', () => {
    const inner = new Flag();
    const outer = new Flag({ inner, note: 'x' });
    const bytes = encodeBytes([outer]);
    expect([inner.references, outer.references]).toEqual([2, 2]);
    outer.close();
    const [copy] = decodeBytes(bytes) as [Flag];
    expect((copy.extra as { inner: Flag }).inner).toBe(inner);
    expect([inner.references, copy.references]).toEqual([1, 1]);
    copy.close();
  });

  it('is let go of when something after it is refused', () => {
    const flag = new Flag();
    expect(() => encode({ flag, bad: Symbol('bad') })).toThrow(NotSerializableError);
    expect(flag.references).toBe(1);
    expect(encode({ flag }).handles.length).toBe(1);
    discard(encode({ a: 1 }));
  });

  it('is let go of when a message is dropped', () => {
    const flag = new Flag();
    dropBytes(encodeBytes({ flag }));
    expect(flag.references).toBe(1);
    dropBytes(encodeBytes({ a: 1 }));
  });

  it('is let go of when decoding fails before or after it', () => {
    class Failing {}
    registerClass<Failing, number>(Failing, {
      name: 'shared-objects.test Failing',
      encode: () => 1,
      decode: () => {
        throw new RangeError('no');
      },
    });
    const before = new Flag();
    const after = new Flag();
    const bytes = encodeBytes([before, new Failing(), after]);
    expect(() => decodeBytes(bytes)).toThrow(new RangeError('no'));
    expect([before.references, after.references]).toEqual([1, 1]);
  });

  it('is let go of with the property of an error that is left out', () => {
    const flag = new Flag();
    const kept = new Flag();
    const bytes = encodeThrownBytes(Object.assign(new Error('x'), { kept, left: { flag, bad: Symbol('bad') }, flag }));
    const copy = decodeBytes(bytes) as unknown as { kept: Flag; flag: Flag };
    expect(copy.kept).toBe(kept);
    expect(copy.flag).toBe(flag);
    expect([flag.references, kept.references]).toEqual([1, 1]);
  });

  it('of a subclass travels as its base class', () => {
    class Special extends Flag {}
    const special = new Special('s');
    expect(decodeBytes(encodeBytes(special))).toBe(special);
  });

  it('without a way to travel is refused with its path', () => {
    class Local extends SharedObject {}
    const local = new Local(Kind.EVENT);
    expect(() => encode({ local })).toThrow(/^item\.local is a Local/);
    expect(() => encode({ local })).toThrow(NotSerializableError);
  });

  it('of a class that is not known here is refused, and nothing is kept', () => {
    const flag = new Flag();
    const bytes = encodeBytes([flag]);
    Buffer.from(bytes.buffer).write('some Flag', Buffer.from(bytes.buffer).indexOf('test Flag'), 'latin1');
    flag.close();
    expect(flag.references).toBe(1);
    expect(() => decodeBytes(bytes)).toThrow(/class some Flag, which is not known in this thread/);
    expect(Atomics.load(engine.words, flag.handle + Cell.KIND)).toBe(Kind.FREE);
  });

  it('that cannot be made is let go of', () => {
    class Broken extends SharedObject {
      constructor(fails: boolean) {
        if (fails) throw new RangeError('no');
        super(Kind.EVENT);
      }
      close(): void {
        this.releaseHandle();
      }
    }
    registerTravel(Broken, { tag: 'test Broken', revive: () => new Broken(true) });
    const broken = new Broken(false);
    const { _handle: handle } = broken as unknown as { _handle: number };
    const bytes = encodeBytes([broken]);
    broken.close();
    expect(() => decodeBytes(bytes)).toThrow(new RangeError('no'));
    expect(Atomics.load(engine.words, handle + Cell.KIND)).toBe(Kind.FREE);
  });

  it('belongs to an owned item until that is sent or discarded', () => {
    const flag = new Flag();
    const owned = encodeOwned([flag]);
    encode([1, 2, 3]);
    expect(owned.handles).toEqual([flag.handle]);
    expect(decode(owned.lane, undefined, owned.bytes, owned.length)).toEqual([flag]);
    expect(flag.references).toBe(1);
  });
});

describe('a message with a handle of nothing', () => {
  it('is refused before anything is touched', () => {
    const flag = new Flag();
    const bytes = encodeBytes([flag]);
    const view = new DataView(bytes.buffer);
    const tail = view.getUint32(bytes.length - 4, true);
    const handle = view.getUint32(tail + 1, true);
    expect(handle).toBe(flag.handle);
    for (const wrong of [0, handle + 1, 0xffffffff]) {
      view.setUint32(tail + 1, wrong, true);
      expect(() => decodeBytes(bytes)).toThrow(/handle of nothing/);
    }
    view.setUint32(tail + 1, handle, true);
    expect(decodeBytes(bytes)).toEqual([flag]);
    expect(flag.references).toBe(1);
  });
});

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  decodeBytes,
  encodeBytes,
  type FunctionLane,
  neededModulesOfBytes,
  setFunctionLane,
} from '#dist/codec/codec.js';
import { FunctionNotShippableError, NotSerializableError } from '#dist/errors.js';

/** A lane for functions that were made by `scoped`: their source and their variables are at hand. */
const made = new WeakMap<Function, { source: string; scope: Record<string, unknown> }>();
function scoped(source: string, scope: Record<string, unknown>): Function {
  const fn = new Function('scope', `return (${source})`)(scope) as Function;
  made.set(fn, { source, scope });
  return fn;
}
const lane: FunctionLane = {
  encode(fn, need) {
    const parts = made.get(fn);
    if (parts === undefined) throw new FunctionNotShippableError('not one of ours');
    need('file:///needed.js');
    return { code: parts.source, captured: parts.scope };
  },
  mayImport: () => true,
  load: () => {},
  classOf: (instance) => (made.has(instance.constructor) ? instance.constructor : undefined),
  decode(code) {
    const scope: Record<string, unknown> = {};
    return { fn: scoped(code as string, scope), link: (captured) => Object.assign(scope, captured) };
  },
};

describe('without a lane for functions', () => {
  beforeEach(() => setFunctionLane(undefined));
  it('a function is refused with its path and name', () => {
    function callback() {}
    expect(() => encodeBytes({ on: [callback] })).toThrow(NotSerializableError);
    expect(() => encodeBytes({ on: [callback] })).toThrow(/^item\.on\[0\] is the function callback/);
    expect(() => encodeBytes({ on: [() => {}] })).toThrow(/^item\.on\[0\] is a function,/);
  });
});

describe('with a lane for functions', () => {
  beforeEach(() => setFunctionLane(lane));
  afterEach(() => setFunctionLane(undefined));

  it('a function travels with what it captures', () => {
    const copy = decodeBytes(encodeBytes({ add: scoped('(x) => x + scope.y', { y: 5 }) })) as {
      add(x: number): number;
    };
    expect(copy.add(1)).toBe(6);
  });

  it('instances that it captures keep their class, wherever they are', () => {
    const Point = scoped('class Point { constructor(x) { this.x = x; } twice() { return this.x * 2; } }', {});
    const point = Reflect.construct(Point, [2]) as object;
    Object.assign(made.get(Point)?.scope as object, { origin: point });
    let deep: unknown = point;
    for (let i = 0; i < 500; i++) deep = [deep];
    const fn = scoped('() => scope', { deep, map: new Map([[1, point]]) });
    const [plain, copy] = decodeBytes(encodeBytes([Reflect.construct(Point, [1]), fn])) as [object, () => never];
    expect(Object.getPrototypeOf(plain)).toBe(Object.prototype);
    const { deep: arrived, map } = copy() as { deep: unknown; map: Map<number, { twice(): number }> };
    let inner = arrived;
    for (let i = 0; i < 500; i++) inner = (inner as unknown[])[0];
    expect(inner).toBe(map.get(1));
    expect(map.get(1)?.twice()).toBe(4);
    expect(inner).toBeInstanceOf((inner as object).constructor);
  });

  it('what it captures and what travels beside it stay one object', () => {
    const list: number[] = [];
    const copy = decodeBytes(encodeBytes([list, scoped('(x) => scope.list.push(x)', { list })])) as [
      number[],
      (x: number) => void,
    ];
    copy[1](7);
    expect(copy[0]).toEqual([7]);
  });

  it('functions that capture each other, or themselves, find each other', () => {
    const scope: Record<string, unknown> = {};
    const even = scoped('(n) => n === 0 || scope.odd(n - 1)', scope);
    const odd = scoped('(n) => n !== 0 && scope.even(n - 1)', scope);
    Object.assign(scope, { even, odd });
    const [copy, same] = decodeBytes(encodeBytes([even, even])) as [(n: number) => boolean, unknown];
    expect(copy(10)).toBe(true);
    expect(copy(7)).toBe(false);
    expect(same).toBe(copy);
  });

  it('what it captures is complete, however deep, when it is handed over', () => {
    let deep: unknown = 'end';
    for (let i = 0; i < 500; i++) deep = [deep];
    let seen: unknown;
    setFunctionLane({
      ...lane,
      decode(code) {
        const { fn } = lane.decode(code);
        return {
          fn,
          link(captured) {
            seen = (captured as { deep: unknown }).deep;
            for (let i = 0; i < 500; i++) seen = (seen as unknown[])[0];
          },
        };
      },
    });
    decodeBytes(encodeBytes([scoped('() => scope.deep', { deep })]));
    expect(seen).toBe('end');
  });

  it('lists the modules it needs before anything is decoded', () => {
    const fn = scoped('() => 1', {});
    expect(neededModulesOfBytes(encodeBytes([fn, scoped('() => 2', {})]))).toEqual(['file:///needed.js']);
    expect(neededModulesOfBytes(encodeBytes([1]))).toEqual([]);
  });

  it('what it captures and cannot travel is named with the function', () => {
    const fn = scoped('() => 1', { db: { handle: Symbol('h') } });
    expect(() => encodeBytes([{ fn }], 'args')).toThrow(FunctionNotShippableError);
    expect(() => encodeBytes([{ fn }], 'args')).toThrow(
      /^args\[0\]\.fn is a function, which captures db\.handle, the symbol Symbol\(h\)/,
    );
  });

  it('a refusal of the lane passes as it is', () => {
    expect(() => encodeBytes([() => {}])).toThrow(new FunctionNotShippableError('not one of ours'));
  });
});

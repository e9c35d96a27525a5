import { readFileSync } from 'node:fs';
import { types } from 'node:util';
import { describe, expect, it } from 'vitest';
import { decodeBytes, encodeBytes, registerClass } from '#dist/codec/codec.js';
import * as errors from '#dist/errors.js';

function copyOf<T>(value: T): T {
  return decodeBytes(encodeBytes(value)) as T;
}

describe('an error arrives', () => {
  for (const cls of [Error, TypeError, RangeError, SyntaxError, ReferenceError, EvalError, URIError]) {
    it(`as ${cls.name}`, () => {
      const error = new cls('what');
      const copy = copyOf(error);
      expect(Object.getPrototypeOf(copy)).toBe(cls.prototype);
      expect(types.isNativeError(copy)).toBe(true);
      expect([copy.name, copy.message, copy.stack]).toEqual([cls.name, 'what', error.stack]);
      expect(Object.keys(copy)).toEqual([]);
      expect(Object.getOwnPropertyNames(copy).sort()).toEqual(['message', 'stack']);
    });
  }

  it('as each class of heddle, with its code', () => {
    const classes = Object.values(errors).filter((cls) => (cls as unknown) !== errors.HeddleError) as unknown as (new (
      message: string,
    ) => errors.HeddleError)[];
    expect(classes.length).toBeGreaterThan(20);
    for (const cls of classes) {
      const error = new cls('what');
      const copy = copyOf(error);
      expect(copy).toBeInstanceOf(cls);
      expect([copy.name, copy.message, copy.code]).toEqual([cls.name, 'what', error.code]);
    }
  });

  it('with its causes', () => {
    const copy = copyOf(new Error('outer', { cause: new TypeError('middle', { cause: 'inner' }) }));
    expect(copy.cause).toBeInstanceOf(TypeError);
    expect((copy.cause as Error).cause).toBe('inner');
    expect(Object.prototype.propertyIsEnumerable.call(copy, 'cause')).toBe(false);
  });

  it('with a cause that is itself', () => {
    const error = new Error('round');
    error.cause = error;
    const copy = copyOf(error);
    expect(copy.cause).toBe(copy);
  });

  it('with the errors of an AggregateError', () => {
    const copy = copyOf(new AggregateError([new RangeError('a'), 5], 'all'));
    expect(copy).toBeInstanceOf(AggregateError);
    expect(copy.errors[0]).toBeInstanceOf(RangeError);
    expect(copy.errors[1]).toBe(5);
  });

  it('with its own properties, as those of the file system are', () => {
    let error: unknown;
    try {
      readFileSync('/no/such/file');
    } catch (caught) {
      error = caught;
    }
    const copy = copyOf(error) as NodeJS.ErrnoException;
    expect(copy).toBeInstanceOf(Error);
    expect({ ...copy }).toEqual({ ...(error as object) });
    expect([copy.code, copy.syscall]).toEqual(['ENOENT', 'open']);
    expect(copy.name).toBe('Error');
  });

  it('as the built-in class below when its own is unknown, with its name', () => {
    class ValidationError extends TypeError {
      field = 'age';
    }
    const copy = copyOf(new ValidationError('wrong'));
    expect(Object.getPrototypeOf(copy)).toBe(TypeError.prototype);
    expect([copy.name, copy.message, copy.field]).toEqual(['ValidationError', 'wrong', 'age']);
    class QuotaError extends errors.QueueFullError {}
    expect(copyOf(new QuotaError('no'))).toBeInstanceOf(errors.QueueFullError);
  });

  it('with the name it was given', () => {
    const error = new Error('x');
    error.name = 'Custom';
    const copy = copyOf(error);
    expect(copy.name).toBe('Custom');
    class Named extends Error {
      override get name() {
        return 'ByGetter';
      }
    }
    expect(copyOf(new Named('x')).name).toBe('ByGetter');
  });

  it('as its own class when that is registered', () => {
    class HttpError extends Error {
      status: number;
      constructor(message: string, status: number) {
        super(message);
        this.status = status;
      }
      get isClient() {
        return this.status < 500;
      }
    }
    registerClass(HttpError, { name: 'errors.test HttpError' });
    const copy = copyOf(new HttpError('missing', 404));
    expect(copy).toBeInstanceOf(HttpError);
    expect([copy.message, copy.status, copy.isClient]).toEqual(['missing', 404, true]);
    expect(types.isNativeError(copy)).toBe(true);
    class Sub extends HttpError {}
    expect(copyOf(new Sub('x', 500))).toBeInstanceOf(HttpError);
  });

  it('without a stack that is not text', () => {
    const before = Error.prepareStackTrace;
    Error.prepareStackTrace = (_, sites) => sites;
    try {
      const error = new Error('x');
      expect(Array.isArray(error.stack)).toBe(true);
      expect(copyOf(error).message).toBe('x');
    } finally {
      Error.prepareStackTrace = before;
    }
  });

  it('when it is a DOMException, as that of an aborted signal is', () => {
    const controller = new AbortController();
    controller.abort();
    const copy = copyOf(controller.signal.reason) as DOMException;
    expect(copy).toBeInstanceOf(DOMException);
    expect([copy.name, copy.code, copy.message]).toEqual([
      'AbortError',
      20,
      (controller.signal.reason as Error).message,
    ]);
  });

  it('without changing how many frames later errors show', () => {
    const before = Error.stackTraceLimit;
    copyOf(new Error('x'));
    expect(Error.stackTraceLimit).toBe(before);
  });
});

/** Instances of the user's classes, which keep their class on the way. */
import { registrationOf } from '../codec/classes.js';
import { analyse } from './analysis.js';
import type { Values } from './compile.js';
import { refuse } from './plan.js';
import { isNative } from './references.js';

/** An instance taken apart, hidden in a function so that what it holds travels as what a function captures does. */
export interface InstanceParts {
  readonly cls: Function;
  readonly state: Values;
}

const parts = new WeakMap<Function, InstanceParts>();

/** A function that stands for the parts of an instance, on either side. */
export function hideInstance(cls: Function, state: Values): Function {
  const carrier = () => undefined;
  Object.defineProperty(carrier, 'name', { value: cls.name });
  parts.set(carrier, { cls, state });
  return carrier;
}

export function instanceIn(carrier: Function): InstanceParts | undefined {
  return parts.get(carrier);
}

/**
 * An instance in a form that the codec carries, without the properties named.
 *
 * @param base The class, extended by that of the instance, whose state travels in another way.
 * @throws FunctionNotShippableError when the class keeps state of its instances in private fields.
 */
export function takeInstanceApart(instance: object, without: readonly string[], base?: Function): Function {
  const cls = instance.constructor;
  requireOpenState(cls, base);
  return hideInstance(cls, Object.fromEntries(Object.entries(instance).filter(([name]) => !without.includes(name))));
}

/** Makes an object that exists already the instance that was taken apart. No constructor runs. */
export function restoreOnto(instance: object, carrier: Function): void {
  const { cls, state } = instanceIn(carrier) as InstanceParts;
  Object.setPrototypeOf(instance, cls.prototype as object);
  // Defined, not assigned: the class may have setters of these names.
  for (const [name, value] of Object.entries(state))
    Object.defineProperty(instance, name, { value, writable: true, enumerable: true, configurable: true });
}

/** The class that an instance which a function captures takes along. @throws FunctionNotShippableError */
export function classOf(instance: object): Function | undefined {
  const prototype = Object.getPrototypeOf(instance) as object;
  const cls = Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value as unknown;
  if (
    typeof cls !== 'function' ||
    cls.prototype !== prototype ||
    isNative(cls) ||
    registrationOf(prototype) !== undefined
  )
    return undefined;
  requireOpenState(cls);
  return cls;
}

/** Classes whose instances have no hidden state. */
const open = new WeakSet<Function>();

function requireOpenState(cls: Function, base: Function = Function.prototype): void {
  if (open.has(cls)) return;
  for (
    let at: unknown = cls;
    typeof at === 'function' && !isNative(at) && at !== base && at !== Function.prototype;
    at = Object.getPrototypeOf(at)
  ) {
    const hidden = privateStateOf(at);
    if (hidden !== undefined) {
      refuse(
        at,
        `keeps the state of its instances in the private field ${hidden}, which cannot be read from outside`,
        'use a public field, or register the class with registerClass()',
      );
    }
  }
  if (base === Function.prototype) open.add(cls);
}

function privateStateOf(cls: Function): string | undefined {
  const analysis = analyse(cls);
  const node =
    analysis.kind === 'source'
      ? analysis.plan.site.node
      : analysis.kind === 'reference'
        ? analysis.site?.node
        : undefined;
  if (node === undefined || (node.type !== 'ClassDeclaration' && node.type !== 'ClassExpression')) return undefined;
  for (const element of node.body.body) {
    if (element.type !== 'StaticBlock' && !element.static && element.key.type === 'PrivateIdentifier')
      return `#${element.key.name}`;
  }
  return undefined;
}

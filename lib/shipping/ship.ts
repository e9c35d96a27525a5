/**
 * Functions, classes and instances on their own, for those who carry them otherwise than in a value.
 *
 * A shipped function owns the references of the shared objects it captures: each is to be received
 * or discarded, exactly once.
 */
import { decodeBytes, dropBytes, encodeBytes, neededModulesOfBytes } from '../codec/codec.js';
import { restoreOnto, takeInstanceApart } from './instances.js';
import { importModules, modulesLoaded } from './modules.js';
import './lane.js';

/** A function, class or instance as bytes. It can be posted, stored, and received in any thread of the program. */
export interface Shipped {
  readonly bytes: Uint8Array;
}
export type ShippedFunction = Shipped;

/**
 * Takes a function or class apart, with everything it captures.
 *
 * @throws FunctionNotShippableError naming the function, the variable that cannot travel, and the remedy.
 */
export function ship(fn: Function, name = 'target'): ShippedFunction {
  if (typeof fn !== 'function')
    throw new TypeError(`${name} must be a function, got ${fn === null ? 'null' : typeof fn}`);
  return { bytes: encodeBytes(fn, name) };
}

/** Imports the modules that need it before `receiveSync`; undefined when nothing has to be waited for. */
export function prepare(shipped: Shipped): Promise<void> | undefined {
  const urls = neededModulesOfBytes(shipped.bytes);
  return modulesLoaded(urls) ? undefined : importModules(urls);
}

/** The function, once its modules are loaded. Uses `shipped` up, also when it rejects. */
export async function receive(shipped: Shipped): Promise<Function> {
  try {
    await prepare(shipped);
  } catch (error) {
    discard(shipped);
    throw error;
  }
  return receiveSync(shipped);
}

/** The function now; modules it needs are loaded synchronously. Uses `shipped` up. */
export function receiveSync(shipped: Shipped): Function {
  return decodeBytes(shipped.bytes) as Function;
}

/** Drops a shipped function or instance that nobody will receive. */
export function discard(shipped: Shipped): void {
  dropBytes(shipped.bytes);
}

/**
 * An instance of a class of the user's: its own enumerable properties, and its class.
 *
 * @param without Names of properties to leave out.
 * @throws FunctionNotShippableError when the class keeps state of its instances in private fields.
 */
export function shipInstance(instance: object, without: readonly string[] = [], name = 'item'): Shipped {
  return { bytes: encodeBytes(takeInstanceApart(instance, without), name) };
}

/** Makes the instance: no constructor runs. Uses `shipped` up. */
export function receiveInstance(shipped: Shipped): object {
  const instance = {};
  restoreOnto(instance, decodeBytes(shipped.bytes) as Function);
  return instance;
}

/**
 * The mutual challenge by which both sides of a connection prove that they have the same key, without telling it. The
 * messages are those of Python's `multiprocessing.connection`, so either side may be a Python program:
 *
 *   listener                                  client
 *   ────────                                  ──────
 *   #CHALLENGE#{sha256} and 40 random bytes ─►
 *                                           ◄─ {sha256} and the HMAC of what follows #CHALLENGE#
 *   #WELCOME# or #FAILURE#                  ─►
 *   and then the same the other way round
 *
 * The answer may be made with any of ALGORITHMS. A challenge or an answer without a name of one, of 16 or 20 bytes, is
 * of a Python before 3.12, which knows HMAC-MD5 only. Messages of more than 256 bytes end it.
 */
import { show } from '../engine/arguments.js';
import { onDemand } from '../engine/on-demand.js';
import type { WaitOptions } from '../engine/wait.js';
import { AuthenticationError, BrokenPipeError, EOFError } from '../errors.js';
import type { Transport } from './transport.js';

const crypto = onDemand<typeof import('node:crypto')>('node:crypto');

const CHALLENGE = Buffer.from('#CHALLENGE#');
const WELCOME = Buffer.from('#WELCOME#');
const FAILURE = Buffer.from('#FAILURE#');
const RANDOM_BYTES = 40;
const LONGEST_MESSAGE = 256;
/** Lengths of messages of Pythons before 3.12: a challenge, an HMAC-MD5. */
const OLD_LENGTHS = [20, 16];
const LEAST_CHALLENGE = 20;
const OURS = 'sha256';

/** Python's names of the algorithms that are allowed, and Node's. */
const ALGORITHMS = new Map([
  ['md5', 'md5'],
  ['sha256', 'sha256'],
  ['sha384', 'sha384'],
  ['sha3_256', 'sha3-256'],
  ['sha3_384', 'sha3-384'],
]);
const LONGEST_NAME = 20;

/** Checks a key: TypeError unless a string, which stands for its UTF-8, or bytes. */
export function keyOf(authkey: unknown): Uint8Array | undefined {
  if (authkey === undefined) return undefined;
  if (typeof authkey === 'string') return Buffer.from(authkey);
  if (authkey instanceof Uint8Array) return Uint8Array.from(authkey);
  throw new TypeError(
    `authkey must be a string or a Uint8Array, got ${typeof authkey === 'object' ? show(authkey) : typeof authkey}`,
  );
}

/** The algorithm that a message names before its payload; md5 for those that are too old to name one. */
function split(message: Uint8Array): { name: string; payload: Uint8Array; named: boolean } {
  if (OLD_LENGTHS.includes(message.length)) return { name: 'md5', payload: message, named: false };
  const text = Buffer.from(message.subarray(0, LONGEST_NAME)).toString('latin1');
  const name = /^\{(\w+)\}/.exec(text)?.[1];
  if (name === undefined || !ALGORITHMS.has(name)) {
    throw new AuthenticationError("the other side uses no algorithm of Python's, or another protocol");
  }
  return { name, payload: message.subarray(name.length + 2), named: true };
}

function digest(name: string, key: Uint8Array, message: Uint8Array): Buffer {
  try {
    return crypto()
      .createHmac(ALGORITHMS.get(name) as string, key)
      .update(message)
      .digest();
  } catch (cause) {
    throw new AuthenticationError(`the algorithm ${name}, which the other side asks for, is not there`, { cause });
  }
}

function answerTo(challenge: Uint8Array, key: Uint8Array): Uint8Array {
  const { name, named } = split(challenge);
  const mac = digest(name, key, challenge);
  return named ? Buffer.concat([Buffer.from(`{${name}}`), mac]) : mac;
}

function isAnswer(answer: Uint8Array, challenge: Uint8Array, key: Uint8Array): boolean {
  const { name, payload } = split(answer);
  const expected = digest(name, key, challenge);
  return payload.length === expected.length && crypto().timingSafeEqual(payload, expected);
}

async function receive(transport: Transport, options: WaitOptions): Promise<Uint8Array> {
  const message = await transport.recvBytes(LONGEST_MESSAGE, options);
  if (message !== undefined) return message;
  throw new AuthenticationError(
    `the other side sent a message of more than ${LONGEST_MESSAGE} bytes instead of its part of the challenge`,
  );
}

async function deliver(transport: Transport, key: Uint8Array, options: WaitOptions): Promise<void> {
  const challenge = Buffer.concat([Buffer.from(`{${OURS}}`), crypto().randomBytes(RANDOM_BYTES)]);
  await transport.sendBytes(Buffer.concat([CHALLENGE, challenge]), options);
  let right = false;
  let cause: unknown;
  const answer = await receive(transport, options);
  try {
    right = isAnswer(answer, challenge, key);
  } catch (error) {
    cause = error;
  }
  await transport.sendBytes(right ? WELCOME : FAILURE, options);
  if (!right) throw new AuthenticationError('the other side does not have the same authkey', { cause });
}

async function answer(transport: Transport, key: Uint8Array, options: WaitOptions): Promise<void> {
  const message = await receive(transport, options);
  if (Buffer.compare(message.subarray(0, CHALLENGE.length), CHALLENGE) !== 0)
    throw new AuthenticationError('the other side sent no challenge: it has no authkey, or speaks another protocol');
  const challenge = message.subarray(CHALLENGE.length);
  if (challenge.length < LEAST_CHALLENGE)
    throw new AuthenticationError(`the challenge of the other side is too short: ${challenge.length} bytes`);
  await transport.sendBytes(answerTo(challenge, key), options);
  const verdict = await receive(transport, options);
  if (Buffer.compare(verdict, WELCOME) !== 0) throw new AuthenticationError('the other side refused the authkey');
}

/**
 * Goes through the challenge as the side that listens, or as the client.
 *
 * @throws AuthenticationError when the keys differ, or the other side breaks off or says something else.
 */
export async function authenticate(
  transport: Transport,
  key: Uint8Array,
  side: 'listener' | 'client',
  options: WaitOptions,
): Promise<void> {
  try {
    if (side === 'listener') {
      await deliver(transport, key, options);
      await answer(transport, key, options);
    } else {
      await answer(transport, key, options);
      await deliver(transport, key, options);
    }
  } catch (error) {
    if (error instanceof EOFError || error instanceof BrokenPipeError)
      throw new AuthenticationError('the other side broke off the challenge', { cause: error });
    throw error;
  }
}

/** The control block of a kernel: parameters go in, results and progress come out, and a word stops it. See `KernelControl`. */
import { KernelControl as Word } from '../memory/layout.js';

export class Control {
  readonly words: Int32Array;
  readonly #doubles: Float64Array;
  readonly #longs: BigInt64Array;

  constructor() {
    // Shared, since the threads of the pool read and write it while JavaScript does.
    const block = new SharedArrayBuffer(Word.WORDS * Int32Array.BYTES_PER_ELEMENT);
    this.words = new Int32Array(block);
    this.#doubles = new Float64Array(block);
    this.#longs = new BigInt64Array(block);
  }

  /** Makes the block ready for a kernel. */
  prepare(parameters: readonly number[]): void {
    this.words.fill(0);
    this.#doubles.set(parameters, Word.PARAMETERS);
  }

  /** Stops the kernel between two of its blocks. */
  cancel(): void {
    Atomics.store(this.words, Word.CANCEL, 1);
  }

  /** How much of the work is done, from 0 to 1. */
  get progress(): number {
    const total = Atomics.load(this.words, Word.TOTAL);
    return total === 0 ? 0 : Math.min(1, Atomics.load(this.words, Word.DONE) / total);
  }

  get outcome(): number {
    return Atomics.load(this.words, Word.OUTCOME);
  }

  /** Announces blocks of work, as the native kernels do. */
  expect(blocks: number): void {
    this.words[Word.TOTAL] = (this.words[Word.TOTAL] as number) + blocks;
  }

  /** One block is done. */
  step(): void {
    this.words[Word.DONE] = (this.words[Word.DONE] as number) + 1;
  }

  number(index: number): number {
    return this.#doubles[Word.RESULTS + index] as number;
  }
  setNumber(index: number, value: number): void {
    this.#doubles[Word.RESULTS + index] = value;
  }

  /** A result of 64 bits, with or without sign. */
  bigint(index: number, unsigned: boolean): bigint {
    const value = this.#longs[Word.RESULTS + index] as bigint;
    return unsigned ? BigInt.asUintN(64, value) : value;
  }
  setBigint(index: number, value: bigint): void {
    this.#longs[Word.RESULTS + index] = value;
  }

  /** A result of any size: four digits in base 2^32, of which the last has the sign. */
  get exact(): bigint {
    let total = 0n;
    for (let i = 3; i >= 0; i--) total = (total << 32n) + (this.#longs[Word.RESULTS + i] as bigint);
    return total;
  }
  set exact(total: bigint) {
    for (let i = 0; i < 3; i++, total >>= 32n) this.#longs[Word.RESULTS + i] = total & 0xffffffffn;
    this.#longs[Word.RESULTS + 3] = total;
  }
}

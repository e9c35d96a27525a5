/** A kernel with everything that it needs, ready to be run by any engine. */
import type { NumberArray } from '../shared/type-code.js';
import type { Control } from './control.js';

export interface Call<R> {
  /** Of `Kernel`. */
  readonly kernel: number;
  readonly a: NumberArray;
  readonly b?: NumberArray | undefined;
  readonly out?: NumberArray | undefined;
  readonly out2?: NumberArray | undefined;
  readonly parameters: readonly number[];
  /** About how long one native thread takes. Nanoseconds. */
  readonly cost: number;
  /**
   * The same in TypeScript, bit for bit, in steps: yields between blocks of work, having announced them with
   * `control.expect`. Leaves its results in the control block as the native kernel does.
   */
  steps(control: Control): Generator<void, void, void>;
  /** What the caller gets, once the kernel has finished. */
  result(control: Control): R;
}

/** Elements of a block of simple loops. */
export const BLOCK = 1 << 16;

/** `body(begin, end)` over the elements [0, length), a yield after each block. */
export function* inBlocks(
  control: Control,
  length: number,
  body: (begin: number, end: number) => void,
  block = BLOCK,
): Generator<void, void, void> {
  control.expect(Math.ceil(length / block));
  for (let begin = 0; begin < length; begin += block) {
    body(begin, Math.min(begin + block, length));
    yield;
  }
}

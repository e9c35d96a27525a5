/** What a child process is told by its parent, in two items of a queue. */

/** First, so that the second can be decoded: values alone. */
export interface Greeting {
  /** `process.argv` of the parent: what the program was started with. */
  readonly argv: readonly string[];
  readonly name: string;
  /** See `identity.ts`. */
  readonly path: string;
  readonly parentName: string;
  /**
   * URL of a module of ours whose `run` is called with the arguments, in place of a target. It is imported before these
   * are decoded.
   */
  readonly entry: string | undefined;
}

/** Then what to run. */
export interface Command {
  readonly target: ((...args: unknown[]) => unknown) | undefined;
  readonly args: unknown[];
  /** For an instance of a subclass: its class and fields, taken apart. */
  readonly instance?: Function;
}

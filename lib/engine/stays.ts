/** Objects of ours that no message can hold: they belong to the thread that made them, or to something that happens there. */

/** Why something stays, in the words of the error. */
export interface Staying {
  readonly remedy: string;
  /** What it is called, where its class has no name that users know. */
  readonly what: string | undefined;
}

const staying = new Map<object, Staying>();

/** Has instances of a class refused. @param remedy What to send instead. */
export function stays(cls: abstract new (...args: never[]) => object, remedy: string, what?: string): void {
  staying.set(cls.prototype as object, { remedy, what });
}

/** Why an object stays, undefined when it does not. */
export function whyItStays(object: object): Staying | undefined {
  for (
    let p = Object.getPrototypeOf(object) as object | null;
    p !== null;
    p = Object.getPrototypeOf(p) as object | null
  ) {
    const why = staying.get(p);
    if (why !== undefined) return why;
  }
  return undefined;
}

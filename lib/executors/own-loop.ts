/** The worker loop of this isolate, for those below it who have to know that they run in a worker. */

export interface OwnLoop {
  /** Handle of the board of the executor that it works for. */
  readonly board: number;
  /** This worker's identifier. */
  readonly id: number;
  /** Something may have come up to be done. */
  poke(): void;
  /** Runs a queued task, nested in the one that waits; false when there is none to be had. */
  help(): boolean;
}

/** Tasks in flight that this isolate has submitted, by the board of their executor. */
export const ownSubmissions = new Map<number, () => number>();

let own: OwnLoop | undefined;

export function ownLoop(): OwnLoop | undefined {
  return own;
}

export function setOwnLoop(loop: OwnLoop): void {
  own = loop;
}

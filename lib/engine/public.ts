/** The engine as users see it: which one runs, what it can do here, and why it is not the native one. */
import type { EngineName, EngineSupports } from './engine.js';
import { engine as chosen, refusals } from './select.js';

/**
 * Which engine this process runs on. `HEDDLE_ENGINE=native|fallback|auto` (default `auto`) chooses;
 * `native` throws `EngineUnavailableError` where the addon cannot be loaded.
 *
 * @example
 * ```ts
 * import { engine } from 'heddle';
 * console.log(engine.name, engine.refusals);
 * ```
 */
export interface EngineInfo {
  readonly name: EngineName;
  /** What the engine can do on this machine. */
  readonly supports: Readonly<EngineSupports>;
  /**
   * Why the native engine was not loaded, with the remedy for each cause. When it was: why an addon that comes first, such as a
   * damaged one that was built here, was passed over; as a rule none was.
   */
  readonly refusals: readonly string[];
}

export const engine: EngineInfo = Object.freeze({
  name: chosen.name,
  supports: Object.freeze({ ...chosen.supports }),
  refusals: Object.freeze([...refusals]),
});

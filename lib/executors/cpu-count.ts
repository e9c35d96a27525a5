/** How many processors there are. Python: `multiprocessing.cpu_count`. */
import { availableParallelism } from 'node:os';

/** Processors that this process can use: what pools and executors take for their number of workers. Python: `multiprocessing.cpu_count`. */
export function cpuCount(): number {
  return availableParallelism();
}

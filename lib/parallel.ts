/** `heddle/parallel`: kernels on typed arrays, computed by native threads. */

export {
  type CombineName,
  type CombineResult,
  combine,
  combineSync,
  cumsum,
  cumsumSync,
  type IntoOptions,
  type MapName,
  type MapOptions,
  type MapResult,
  map,
  mapSync,
} from './parallel/elementwise.js';
export type { KernelOptions } from './parallel/execute.js';
export { type Histogram, type HistogramOptions, histogram, histogramSync } from './parallel/histogram.js';
export { type MatmulOptions, matmul, matmulSync } from './parallel/matmul.js';
export type { ArrayIn, ElementIn, Numbers, ReadableNumbers, SumsOf } from './parallel/operands.js';
export { dot, dotSync, max, maxSync, mean, meanSync, min, minSync, sum, sumSync } from './parallel/reductions.js';
export {
  argsort,
  argsortSync,
  type SortOptions,
  sort,
  sortSync,
  type TopK,
  type TopKOptions,
  topK,
  topKSync,
  type Unique,
  unique,
  uniqueSync,
} from './parallel/sorting.js';

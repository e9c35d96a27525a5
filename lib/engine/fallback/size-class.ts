/** Size classes in quarter steps: 1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 20, …: a block is at most a quarter larger than asked for. */

/** The class of the smallest size ≥ `size`, which is at least 1. */
export function sizeClass(size: number): number {
  if (size <= 8) return size - 1;
  const shift = 29 - Math.clz32(size - 1);
  return 8 + (shift - 1) * 4 + (((size - 1) >>> shift) & 3);
}

export function classSize(sizeClass: number): number {
  if (sizeClass < 8) return sizeClass + 1;
  const shift = ((sizeClass - 8) >> 2) + 1;
  return (((sizeClass - 8) & 3) + 5) << shift;
}

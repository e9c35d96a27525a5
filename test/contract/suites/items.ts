/** Items that pools are given, and what comes of them. */

export const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i);
export const squares = (count: number): number[] => range(count).map((x) => x * x);

export async function collect<T>(iterable: AsyncIterable<T>, into: T[] = []): Promise<T[]> {
  for await (const item of iterable) into.push(item);
  return into;
}

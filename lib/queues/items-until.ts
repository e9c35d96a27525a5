/** What `for await` over something that gives items, one at each call, goes through. */

/** The items that `next` resolves with, until it rejects: with what `isEnd` says is the end, or with an error, which is thrown. */
export async function* itemsUntil<T>(
  next: () => Promise<T>,
  isEnd: (error: unknown) => boolean,
): AsyncGenerator<T, void, undefined> {
  for (;;) {
    let item: T;
    try {
      item = await next();
    } catch (error) {
      if (isEnd(error)) return;
      throw error;
    }
    yield item;
  }
}

/** Whether two counts are exactly the same: the demo's verdict on one thread and many. */

/** A count is `{ files, words }`: how many files, and how often each word (a Map). */
export function agree(one, other) {
  if (one.files !== other.files || one.words.size !== other.words.size) return false;
  for (const [word, times] of one.words) {
    if (other.words.get(word) !== times) return false;
  }
  return true;
}

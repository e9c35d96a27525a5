/** What the threads of `typed.ts` run. */

export interface Count {
  readonly text: string;
  readonly letters: number;
}

export function countLetters(text: string): Count {
  return { text, letters: [...text].filter((character: string): boolean => character !== ' ').length };
}

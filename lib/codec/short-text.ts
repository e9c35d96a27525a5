/**
 * Short strings from their Latin-1 bytes. A call of `String.fromCharCode` with a fixed number of
 * arguments takes under 20 ns; a loop, a spread or a call of Buffer's native reader takes three times that.
 */
const of = String.fromCharCode;

/** Longer strings are better read by Buffer. */
export const SHORT_TEXT = 16;

export function shortText(bytes: Uint8Array, at: number, length: number): string {
  if (length > 8) return upTo8(bytes, at, 8) + upTo8(bytes, at + 8, length - 8);
  return upTo8(bytes, at, length);
}

function upTo8(b: Uint8Array, i: number, length: number): string {
  // The caller has checked that all of them are there.
  switch (length) {
    case 0:
      return '';
    case 1:
      return of(b[i] as number);
    case 2:
      return of(b[i] as number, b[i + 1] as number);
    case 3:
      return of(b[i] as number, b[i + 1] as number, b[i + 2] as number);
    case 4:
      return of(b[i] as number, b[i + 1] as number, b[i + 2] as number, b[i + 3] as number);
    case 5:
      return of(b[i] as number, b[i + 1] as number, b[i + 2] as number, b[i + 3] as number, b[i + 4] as number);
    case 6:
      return of(
        b[i] as number,
        b[i + 1] as number,
        b[i + 2] as number,
        b[i + 3] as number,
        b[i + 4] as number,
        b[i + 5] as number,
      );
    case 7:
      return of(
        b[i] as number,
        b[i + 1] as number,
        b[i + 2] as number,
        b[i + 3] as number,
        b[i + 4] as number,
        b[i + 5] as number,
        b[i + 6] as number,
      );
    default:
      return of(
        b[i] as number,
        b[i + 1] as number,
        b[i + 2] as number,
        b[i + 3] as number,
        b[i + 4] as number,
        b[i + 5] as number,
        b[i + 6] as number,
        b[i + 7] as number,
      );
  }
}

/** The headers that are compiled beforehand, with the flags of the sources. */
export const HEADERS = 'scripts/prebuild/headers.h';

/** Flags for a source, which then has them. */
export function beforehand(compiled) {
  return ['-Xclang', '-include-pch', '-Xclang', compiled];
}

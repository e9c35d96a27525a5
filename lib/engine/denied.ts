/** Whether an error is the system's or the runtime's refusal, rather than a defect. */

/** Those of the system and of Node.js carry a code; Deno's, for what it was not given permission for, a name alone. */
export function isDenied(error: unknown): error is Error {
  return error instanceof Error && ('code' in error || error.name === 'NotCapable');
}

/** Where tests put programs that they write: within the package, so that these find heddle by its name. */
import { mkdirSync, mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Below build/, which nobody keeps; never in dist/, of which other tests make copies meanwhile. */
const workshop = fileURLToPath(new URL('../build/', import.meta.url));

/** A new folder, for whoever asks to remove. */
export function makeFolder(prefix: string): string {
  mkdirSync(workshop, { recursive: true });
  return mkdtempSync(join(workshop, prefix));
}

/** Imports the module that it is told, and prints how many milliseconds that took, as JSON. */
import { writeSync } from 'node:fs';

const start = performance.now();
await import(process.argv[2]);
writeSync(1, JSON.stringify(performance.now() - start));

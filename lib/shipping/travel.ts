/** All of what it takes to send functions, classes and instances, and to receive them: see `lane.ts`. */
export { receiveFunction } from './arrival.js';
export { sendFunction } from './departure.js';
export { classOf, restoreOnto, takeInstanceApart } from './instances.js';
export { isEntryModule } from './references.js';
export { steadinessOf } from './steadiness.js';

/** What jest-worker's workers expose: the task of `tasks.mjs` that is measured. */
exports.next = (n) => n + 1;

/** Every class of shared objects, so that each is known in an isolate before the first of its kind arrives. */
import '../channels/connection.js';
import '../queues/lifo-queue.js';
import '../queues/priority-queue.js';
import '../queues/queue.js';
import '../queues/simple-queue.js';
import '../shared/shared-array.js';
import '../shared/value.js';
import '../sync/barrier.js';
import '../sync/condition.js';
import '../sync/event.js';
import '../sync/lock.js';
import '../sync/rlock.js';
import '../sync/semaphore.js';
import './local.js';
import './thread.js';
import './timer.js';

// The mutex behind Lock and RLock. State table at layout.ts, `Mutex`.
//
// A mutex set free under waiters is not handed over but left to whoever comes first, while the first
// waiter is told to retry: the thread that runs may take it again at once, which is many times faster
// than waiting for a sleeper to get up. Two kinds of waiters have it handed over instead: event loops,
// which could only come back late; and threads that are due, which means that they have stood first in
// line for FAIR_AFTER_NS, were told, and found the mutex taken again. So a thread is only handed it when it
// has just been awake, and mostly still is: nobody has to wait for it to get up.
#pragma once

#include "waiting.h"

namespace heddle {

[[nodiscard]] OutcomeOrTicket mutex_acquire(Self& self, Handle mutex, Mode mode, Deadline deadline);
[[nodiscard]] OutcomeCode mutex_release(Self& self, Handle mutex);
// Releases a mutex whose holder died: the next holder finds OWNER_DIED.
void mutex_release_of_dead(Self& self, Handle mutex, int32_t slot);

// For a linked node told to retry: true when the mutex was taken and the node unlinked; false when
// the node waits again, or has an outcome.
[[nodiscard]] bool mutex_retry(Self& self, Handle mutex, Handle node, Deadline deadline);
// After a waiter gave up. `was_told`: it had been told to retry, which now falls to the next.
void mutex_waiter_left(Self& self, const Guard& guard, Wakes& wakes, Handle mutex, bool was_told);
// Makes the state right after a section on the mutex was cut short.
void mutex_settle(Self& self, const Guard& guard, Wakes& wakes, Handle mutex);

}  // namespace heddle

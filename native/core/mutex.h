// The mutex behind Lock and RLock. State table at layout.ts, `Mutex`.
//
// A mutex set free under waiters is not handed over but left to whoever comes first, while the first
// waiter is told to retry: the thread that runs may take it again at once, which is many times faster
// than waiting for a sleeper to get up. One that has stood in line for FAIR_AFTER_NS, or an event
// loop, which could only come back late, has the mutex handed over.
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

}  // namespace heddle

// The counting semaphore. State word at layout.ts, `Semaphore`: PARKED implies that the value is 0,
// since a permit is never left lying while somebody waits for one.
#pragma once

#include "waiting.h"

namespace heddle {

[[nodiscard]] OutcomeOrTicket semaphore_acquire(Self& self, Handle semaphore, Mode mode, Deadline deadline);
// OK, or OVERFLOW with nothing changed.
[[nodiscard]] OutcomeCode semaphore_release(Self& self, Handle semaphore, int32_t count,
                                            const Receipt& receipt = {});
// Clears PARKED after the last waiter gave up.
void semaphore_waiter_left(Self& self, const Guard& guard, Handle semaphore);
// Makes the state right after a section on the semaphore was cut short.
void semaphore_settle(Self& self, const Guard& guard, Handle semaphore);

}  // namespace heddle

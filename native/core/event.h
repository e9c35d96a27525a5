// The event, and the end of a thread, which is one. State word at layout.ts, `Event`. set() grants
// all who wait at that moment, so a clear() right after takes it back from nobody.
#pragma once

#include "waiting.h"

namespace heddle {

[[nodiscard]] OutcomeOrTicket event_wait(Self& self, Handle event, Mode mode, Deadline deadline);
void event_set(Self& self, Handle event);
// Clears PARKED after the last waiter gave up.
void event_waiter_left(Self& self, const Guard& guard, Handle event);
// Makes the state right after a section on the event was cut short.
void event_settle(Self& self, const Guard& guard, Handle event);

}  // namespace heddle

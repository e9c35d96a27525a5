// The condition: a list of waiters in order of arrival. Its lock is the caller's business, who links
// a waiter while holding it, releases it, waits, and takes it again.
#pragma once

#include "waiting.h"

namespace heddle {

// A ticket, or NO_MEMORY. Never blocks.
[[nodiscard]] OutcomeOrTicket condition_enqueue(Self& self, Handle condition, Mode mode);
// Grants the first `count` waiters; how many there were.
int32_t condition_notify(Self& self, Handle condition, int32_t count, const Receipt& receipt = {});

}  // namespace heddle

// Slots: one for each attached isolate, with what others must know about it, and what has to be put
// in order when it is gone.
#pragma once

#include "self.h"

namespace heddle {

// Takes a free slot for the calling isolate; -1 when all are taken.
[[nodiscard]] int32_t attach_slot(Arena& arena);
// Puts in order what the isolate of a slot leaves behind, and frees the slot: its waiters are
// unlinked, what was granted to them goes to the next, the mutexes it held are passed on with
// OWNER_DIED, the barrier whose action it ran is broken, its references are dropped. Nothing happens
// when the slot has meanwhile been given to another isolate, or somebody is sweeping it.
//
// The slot's process may have been killed at any instruction; then all of its slots are swept. So may the
// sweeper's: every step can be repeated, and whoever sweeps the sweeper goes on with what it was sweeping.
void sweep_slot(Self& self, int32_t slot, int32_t generation);
// Sweeps all slots of a process that has died, those included that it was just taking. When it returns, no
// slot is that process's any more.
void sweep_slots_of(Self& self, int32_t record);
// Sends every blocked thread of this process back to its caller, and makes its blocking calls short from now
// on.
void begin_exit(Self& self);

}  // namespace heddle

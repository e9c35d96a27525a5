// The cyclic barrier.
//
//   filling   arrivals get an index and wait in WAITERS; the one that completes the round is LAST
//   ACTION    LAST runs its action, the others still wait; arrivals of the next round wait in ENTRY
//   release   all of the round go, and ENTRY moves up to be the next round
//   BROKEN    by a timeout, an abort, a failed action: everybody gets BROKEN until reset()
#pragma once

#include "waiting.h"

namespace heddle {

// LAST or BROKEN (out[0]: index), TIMED_OUT (which breaks the barrier), NO_MEMORY, or a ticket, whose
// outcome is GRANTED, LAST or BROKEN.
[[nodiscard]] OutcomeOrTicket barrier_arrive(Self& self, Handle barrier, Mode mode, Deadline deadline);
// The last arriver lets the others go. Nothing happens when the barrier was broken or reset meanwhile.
void barrier_release(Self& self, Handle barrier);
void barrier_break(Self& self, Handle barrier);
void barrier_reset(Self& self, Handle barrier);
// Breaks the barrier if that slot runs its action.
void barrier_holder_died(Self& self, Handle barrier, int32_t slot);
// A waiter that gives up breaks the barrier for all.
void barrier_waiter_left(Self& self, const Guard& guard, Wakes& wakes, Handle barrier);
// The list a node is linked in: it moves from ENTRY to WAITERS without being told.
[[nodiscard]] int32_t barrier_list_of(const Self& self, const Guard& guard, Handle barrier, Handle node);

}  // namespace heddle

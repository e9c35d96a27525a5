// The queue behind Queue, LifoQueue, PriorityQueue and SimpleQueue.
//
//   COUNT            items in the body     of which RESERVED_ITEMS are promised to granted getters
//   RESERVED_PLACES  places promised to granted putters
//
// Getters are linked only while every item is promised, putters only while every place is taken or
// promised. So nobody has to stand in line when an item or a place is there, and nobody barges in
// front of those who do.
#pragma once

#include <span>

#include "cells.h"
#include "item.h"
#include "waiting.h"

namespace heddle {

[[nodiscard]] OutcomeCode queue_init(Self& self, Handle queue, int32_t discipline, int32_t max_size);
// Drops the items of a queue that nobody can reach any more, and its body.
void queue_destroy(Self& self, Handle queue, Doomed& doomed);

// OK, FULL, SHUT_DOWN, INCOMPARABLE or NO_MEMORY; the queue is unchanged unless OK, but that a
// reserved place is used up in every case.
[[nodiscard]] OutcomeCode queue_put(Self& self, Handle queue, bool reserved, const PutItem& item);
// OK, EMPTY or SHUT_DOWN. Payloads that fit are copied to `scratch`; others stay in their block.
[[nodiscard]] OutcomeCode queue_take(Self& self, Handle queue, bool reserved, std::span<uint8_t> scratch,
                                     TakenItem& item);

// GRANTED: reserved for the caller. SHUT_DOWN. TIMED_OUT. Or a ticket.
[[nodiscard]] OutcomeOrTicket queue_await_place(Self& self, Handle queue, Mode mode, Deadline deadline);
[[nodiscard]] OutcomeOrTicket queue_await_item(Self& self, Handle queue, Mode mode, Deadline deadline);
// Gives back what was granted and is not wanted any more.
void queue_unreserve_place(Self& self, Handle queue);
void queue_unreserve_item(Self& self, Handle queue);

// OK, or MISUSE when called more often than items were put.
[[nodiscard]] OutcomeCode queue_task_done(Self& self, Handle queue);
[[nodiscard]] OutcomeOrTicket queue_join(Self& self, Handle queue, Mode mode, Deadline deadline);
void queue_shutdown(Self& self, Handle queue, bool immediate);
void queue_resize(Self& self, Handle queue, int32_t max_size);

}  // namespace heddle

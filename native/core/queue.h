// The queue behind Queue, LifoQueue, PriorityQueue and SimpleQueue.
//
//   body   COUNT items, under the guard
//   ring   the oldest items of a FIFO queue that is busy, without the guard: see entry_ring.h
//
//   RESERVED_ITEMS    items promised to granted getters
//   RESERVED_PLACES   places promised to granted putters
//
// Without a ring, getters are linked only while every item is promised, putters only while every place
// is taken or promised: nobody has to stand in line when there is something for him, and nobody barges
// in front of those who do.
//
// With a ring, a thread that waits is told, as by a mutex, and looks again: those that run go on putting
// and taking meanwhile, without a change of threads for every item. Who was first told in vain
// RING_FAIR_AFTER_NS ago is promised the next item or place, and so is every event loop. HEAD is closed (see
// entry_ring.h) while items are promised, TAIL while places are, or items are in the body, which come
// after those in the ring, or the queue is shut down.
//
// GET_WAITING is 1, or the first getter in line has been told, or an item is promised to somebody, who will
// see to the others when it takes the item or gives it back, or nobody waits; PUT_WAITING likewise.
#pragma once

#include <span>

#include "cells.h"
#include "item.h"
#include "waiting.h"

namespace heddle {

[[nodiscard]] OutcomeCode queue_init(Self& self, Handle queue, int32_t discipline, int32_t max_size);
// Drops the items of a queue that nobody can reach any more, and its memory.
// `slot`: whose journal takes what is destroyed with it.
void queue_destroy(Self& self, int32_t slot, Handle queue);

// OK, FULL, SHUT_DOWN, INCOMPARABLE or NO_MEMORY; the queue is unchanged unless OK, but that a
// reserved place is used up in every case.
[[nodiscard]] OutcomeCode queue_put(Self& self, Handle queue, Turn turn, const PutItem& item);
// OK, EMPTY or SHUT_DOWN. Payloads that fit are copied to `scratch`; others stay in their block, and so does
// all that has one in the lanes whose takers keep the bytes.
[[nodiscard]] OutcomeCode queue_take(Self& self, Handle queue, Turn turn, std::span<uint8_t> scratch,
                                     TakenItem& item);
// The same of an item for another process, of which a broker, here in `broker`, sees to the proxies. Or
// MISUSE: what is next holds an object that cannot go there, `obstacle`, and stays.
[[nodiscard]] OutcomeCode queue_take_for(Self& self, Handle queue, bool reserved, int32_t broker,
                                         std::span<uint8_t> scratch, TakenItem& item, Handle& obstacle);

// GRANTED: reserved for the caller. SHUT_DOWN. TIMED_OUT. Or a ticket.
[[nodiscard]] OutcomeOrTicket queue_await_place(Self& self, Handle queue, Mode mode, Deadline deadline);
[[nodiscard]] OutcomeOrTicket queue_await_item(Self& self, Handle queue, Mode mode, Deadline deadline);
// Gives back what was granted and is not wanted any more.
// `promise`: the node that notes it, which is then noted no more, but not freed.
void queue_unreserve(Self& self, Handle queue, int32_t list, Handle promise);

// Sees to those who wait in `list`, GETTERS or PUTTERS, after a put into or a take from the ring that
// found them waiting.
void queue_notice(Self& self, Handle queue, int32_t list);
// A told waiter looks: true when it was granted what it waits for and has left the list.
[[nodiscard]] bool queue_retry(Self& self, Handle queue, Handle node);
// A waiter has left a list, granted nothing.
void queue_waiter_left(Self& self, const Guard& guard, Wakes& wakes, Handle queue, int32_t list);
// Makes all right after a section on the queue was cut short.
void queue_settle(Self& self, const Guard& guard, Wakes& wakes, Handle queue);
// Finishes what an isolate that died had begun in a ring.
void queue_repair(Self& self, int32_t dead_slot);

// OK, or MISUSE when called more often than items were put.
[[nodiscard]] OutcomeCode queue_task_done(Self& self, Handle queue);
[[nodiscard]] OutcomeOrTicket queue_join(Self& self, Handle queue, Mode mode, Deadline deadline);
void queue_shutdown(Self& self, Handle queue, bool immediate, Wakes::Scope scope = Wakes::kOthers);
void queue_resize(Self& self, Handle queue, int32_t max_size);

}  // namespace heddle

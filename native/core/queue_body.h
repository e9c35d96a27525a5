// What a queue holds, by its discipline. Its memory lies in the heap; the queue's guard protects it.
#pragma once

#include "cells.h"
#include "entry_deque.h"
#include "entry_heap.h"
#include "payload_store.h"

namespace heddle {

class QueueBody {
 public:
  // As it lies in the arena. All zero is an empty body.
  struct State {
    PayloadStore::State payloads;
    EntryDeque::State deque;
    EntryHeap::State heap;
  };
  static_assert(sizeof(State) <= 64);

  QueueBody(Heap& heap, State& state, int32_t discipline)
      : discipline_(discipline),
        payloads_(heap, state.payloads),
        deque_(heap, state.deque),
        priority_(heap, state.heap, payloads_) {}

  // What of a key an item's payload holds.
  [[nodiscard]] static Key stored_key(int32_t discipline, Key key) {
    return discipline == layout::Discipline::PRIORITY ? EntryHeap::stored_part(key) : Key();
  }

  // Adds an item to `count` others: OK, INCOMPARABLE or NO_MEMORY, and then nothing is changed.
  [[nodiscard]] OutcomeCode push(uint32_t count, const PutItem& item, LargePayload& large);
  // Takes the next of `count` items, not 0. Its payload stays until payloads().free().
  [[nodiscard]] Entry pop(uint32_t count);
  [[nodiscard]] PayloadStore& payloads() { return payloads_; }

  // Drops all `count` items with the references they hold, and gives back all memory.
  void clear(uint32_t count, Doomed& doomed);

 private:
  int32_t discipline_;
  PayloadStore payloads_;
  EntryDeque deque_;
  EntryHeap priority_;
};

}  // namespace heddle

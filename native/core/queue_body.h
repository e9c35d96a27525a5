// What a queue holds outside its ring, by its discipline. Its memory lies in the heap; the queue's guard
// protects it.
#pragma once

#include "cells.h"
#include "entry_deque.h"
#include "entry_heap.h"

namespace heddle {

class QueueBody {
 public:
  // As it lies in the arena. All zero is an empty body.
  struct State {
    EntryDeque::State deque;
    EntryHeap::State heap;
    // Puts so far, up to the number at which the queue is busy enough for a ring.
    uint32_t warmth;
  };
  static_assert(sizeof(State) <= 64);

  QueueBody(Heap& heap, State& state, int32_t discipline, const Section& section, LateFrees& frees)
      : discipline_(discipline),
        deque_(heap, state.deque, section, frees),
        priority_(heap, state.heap, section, frees) {}

  // What of a key an item's payload holds.
  [[nodiscard]] static Key stored_key(int32_t discipline, Key key) {
    return discipline == layout::Discipline::PRIORITY ? EntryHeap::stored_part(key) : Key();
  }

  // Adds an entry to `count` others: OK, INCOMPARABLE or NO_MEMORY, and then nothing is changed.
  [[nodiscard]] OutcomeCode push(uint32_t count, const Entry& entry, Key key);
  // What pop() would take; not of an empty body.
  [[nodiscard]] const Entry& peek() const;
  // Takes the next of `count` entries, not 0.
  [[nodiscard]] Entry pop(uint32_t count);
  // Frees what an empty body keeps.
  void free_memory();

 private:
  int32_t discipline_;
  EntryDeque deque_;
  EntryHeap priority_;
};

// Drops an item that nobody took, with the references it holds.
void drop(Self& self, int32_t slot, const Entry& entry);

}  // namespace heddle

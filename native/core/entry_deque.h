// The entries of a FIFO or LIFO queue: a list of segments, filled at the back and emptied at either
// end. Nothing is ever moved, and a segment goes back to the heap as soon as it is empty.
//
// Changed in a section of the queue's guard. An entry itself is written where nobody looks before it is
// counted, and left as it was when it is taken; a section that takes some puts none.
#pragma once

#include "guard.h"
#include "late_frees.h"
#include "payload_store.h"

namespace heddle {

class EntryDeque {
 public:
  // The part of a queue's body that belongs to it. All zero is an empty deque.
  struct State {
    // Heap units of the first and last segment, 0 for none.
    uint32_t head;
    uint32_t tail;
    // Next to pop from the head, next to fill in the tail.
    uint32_t head_index;
    uint32_t tail_index;
  };

  EntryDeque(Heap& heap, State& state, const Section& section, LateFrees& frees)
      : heap_(heap), state_(state), section_(section), frees_(frees) {}

  [[nodiscard]] bool empty() const {
    return state_.head == state_.tail && state_.head_index == state_.tail_index;
  }
  // Makes room for one more in a deque of `count`. False when the heap is exhausted.
  [[nodiscard]] bool reserve(uint32_t count);
  // After reserve().
  void push_back(const Entry& entry);
  // Of a deque that is not empty: what would be popped, and pops.
  [[nodiscard]] const Entry& front() const;
  [[nodiscard]] const Entry& back() const;
  [[nodiscard]] Entry pop_front();
  [[nodiscard]] Entry pop_back();
  // Frees what an empty deque keeps.
  void free_memory();

 private:
  struct alignas(32) Segment {
    uint32_t next;
    uint32_t previous;
    uint32_t capacity;
    Entry* entries() { return reinterpret_cast<Entry*>(this + 1); }
    [[nodiscard]] uint64_t bytes() const { return sizeof(Segment) + capacity * sizeof(Entry); }
  };
  static constexpr uint64_t kSmallestSegment = 512;
  static constexpr uint64_t kLargestSegment = 64 * 1024;
  // An empty queue keeps no larger segment than this.
  static constexpr uint64_t kKeptSegment = 1024;

  [[nodiscard]] Segment* at(uint32_t unit) const { return reinterpret_cast<Segment*>(heap_.at(unit)); }
  void set(uint32_t& variable, uint32_t value) const { section_.set_at(variable, value); }
  // The first or the last segment, which is not the only one, is empty.
  void drop_first();
  void drop_last();
  void reset_if_empty();

  Heap& heap_;
  State& state_;
  const Section& section_;
  LateFrees& frees_;
};

}  // namespace heddle

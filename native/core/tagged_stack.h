// A lock-free stack of indices (Treiber's), with a tag against ABA beside the head, so that it works
// between processes: nothing in it is an address, and a thread that dies in the middle of an
// operation leaves it whole.
#pragma once

#include <atomic>
#include <cstdint>

#include "step.h"

namespace heddle {

// `Links` says where the word is that links a free index to the next: an int32_t& (*)(uint32_t index).
// Indices are stored plus one, so that a zeroed head is an empty stack.
template <class Links>
class TaggedStack {
 public:
  TaggedStack(uint64_t& head, Links links) : head_(head), links_(links) {}

  // Pushes a chain already linked from `first` to `last`.
  void push_chain(uint32_t first, uint32_t last) {
    std::atomic_ref<uint64_t> head(head_);
    uint64_t seen = head.load(std::memory_order_relaxed);
    for (;;) {
      std::atomic_ref<int32_t>(links_(last))
          .store(static_cast<int32_t>(index_of(seen)), std::memory_order_relaxed);
      HEDDLE_STEP();
      // release: whoever pops an index sees what its last owner wrote, the link included.
      if (head.compare_exchange_weak(seen, with_index(seen, first + 1), std::memory_order_release,
                                     std::memory_order_relaxed)) {
        return;
      }
    }
  }

  void push(uint32_t index) { push_chain(index, index); }

  // False when the stack is empty.
  [[nodiscard]] bool pop(uint32_t& index) {
    std::atomic_ref<uint64_t> head(head_);
    // acquire: pairs with the release of the push, for the link read below.
    uint64_t seen = head.load(std::memory_order_acquire);
    for (;;) {
      uint32_t top = index_of(seen);
      if (top == 0) return false;
      // Another thread may have popped `top` and be using it: the link is then rubbish, and the tag
      // makes the exchange fail.
      auto next =
          static_cast<uint32_t>(std::atomic_ref<int32_t>(links_(top - 1)).load(std::memory_order_relaxed));
      HEDDLE_ACCESS();
      if (head.compare_exchange_weak(seen, with_index(seen, next), std::memory_order_acquire,
                                     std::memory_order_acquire)) {
        index = top - 1;
        return true;
      }
    }
  }

 private:
  static uint32_t index_of(uint64_t head) { return static_cast<uint32_t>(head); }
  static uint64_t with_index(uint64_t head, uint32_t index) { return (((head >> 32) + 1) << 32) | index; }

  uint64_t& head_;
  Links links_;
};

}  // namespace heddle

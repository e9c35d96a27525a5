// The guard of a shared object: a lock of one word, held for a few instructions.
//
//   0                              free
//   (slot + 1) << 1 | contended    held; `contended` when somebody may sleep on the word
//
// The owner's slot is in it so that a guard whose owner died can be recognised.
#pragma once

#include <cstdint>

#include "self.h"

namespace heddle {

class [[nodiscard]] Guard {
 public:
  // The guard of an object's cell.
  Guard(const Self& self, Handle object) : Guard(self.arena, self.slot, object + layout::Cell::GUARD) {}

  Guard(const Arena& arena, int32_t slot, int32_t word_index)
      : word_(&arena.words()[word_index]), mine_((slot + 1) << 1) {
    int32_t free = 0;
    // acquire: pairs with the release of the holder before; all it wrote is seen.
    if (!std::atomic_ref<int32_t>(*word_).compare_exchange_strong(free, mine_, std::memory_order_acquire,
                                                                  std::memory_order_relaxed)) {
      lock_contended();
    }
  }

  ~Guard() {
    if ((std::atomic_ref<int32_t>(*word_).exchange(0, std::memory_order_release) & kContended) != 0)
      wake_next();
  }

  Guard(const Guard&) = delete;
  Guard& operator=(const Guard&) = delete;

 private:
  static constexpr int32_t kContended = 1;

  void lock_contended();
  void wake_next();

  int32_t* word_;
  int32_t mine_;
};

}  // namespace heddle

// See journal.h.
#include "journal.h"

namespace heddle {

void SlotJournal::undo(const Level& level) const {
  for (int32_t count = get(level.count); count > 0; count--) {
    const int32_t at = base_ + level.log + (count - 1) * kWordsPerEntry;
    const uint64_t where = arena_.long_word(at).load(std::memory_order_relaxed);
    const uint64_t before = arena_.long_word(at + 2).load(std::memory_order_relaxed);
    std::byte* word = reinterpret_cast<std::byte*>(arena_.words()) + (where & ~uint64_t{3});
    HEDDLE_STEP();
    if ((where & kIfSeized) != 0) {
      auto seized = static_cast<int32_t>(before >> 32);
      std::atomic_ref<int32_t>(*reinterpret_cast<int32_t*>(word))
          .compare_exchange_strong(seized, static_cast<int32_t>(before), std::memory_order_release,
                                   std::memory_order_relaxed);
    } else if ((where & kLong) != 0) {
      std::atomic_ref<uint64_t>(*reinterpret_cast<uint64_t*>(word)).store(before, std::memory_order_relaxed);
    } else {
      std::atomic_ref<int32_t>(*reinterpret_cast<int32_t*>(word))
          .store(static_cast<int32_t>(before), std::memory_order_relaxed);
    }
    HEDDLE_STEP();
    set(level.count, count - 1);
  }
}

void SlotJournal::clear() const {
  for (int32_t offset = 0; offset < kInner.log; offset++) set(offset, 0);
}

}  // namespace heddle

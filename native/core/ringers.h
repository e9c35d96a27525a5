// Who rings which event loop of this process: a table with a lock per slot, so that a loop that goes
// away can take its ringer out while others ring.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "layout.h"
#include "thread_annotations.h"
#include "types.h"

namespace heddle {

class Ringers {
 public:
  // When it returns, no call of the ringer before is under way or will be made.
  void set(int32_t slot, Ringer ringer) {
    Entry& entry = entries_[static_cast<size_t>(slot)];
    LocalLock lock(entry.mutex);
    entry.ringer = ringer;
  }

  void ring(int32_t slot) {
    Entry& entry = entries_[static_cast<size_t>(slot)];
    LocalLock lock(entry.mutex);
    if (entry.ringer.ring != nullptr) entry.ringer.ring(entry.ringer.context);
  }

 private:
  // A cache line each: two loops are rung at the same time without disturbing each other.
  struct alignas(64) Entry {
    LocalMutex mutex;
    Ringer ringer HEDDLE_GUARDED_BY(mutex);
  };
  std::array<Entry, layout::MAX_SLOTS> entries_;
};

}  // namespace heddle

// What the core keeps for one attached isolate. Used by the isolate's thread only.
#pragma once

#include <atomic>
#include <cstdint>

#include "arena.h"
#include "gatherer.h"
#include "layout.h"
#include "reservations.h"
#include "spin.h"
#include "types.h"

namespace heddle {

struct alignas(64) Self {
  Self(Arena& arena_in, int32_t slot_in) : arena(arena_in), slot(slot_in) {}

  Arena& arena;
  const int32_t slot;
  // Result beside an Outcome.
  int32_t out[2] = {0, 0};
  Spinner spinner;
  // For puts of large items, which wait for those before them: see queue.cc.
  Spinner pacer;
  Gatherer gatherer;
  // The node that the thread itself waits with, kept for the next time; 0 while in use.
  Handle spare_node = 0;
  // The node that the last wait() came back from without an outcome, 0 for none, and when its wait began.
  Handle blocked_on = 0;
  int64_t blocked_since_ns = 0;
  // Ready nodes taken off the slot's stack and not delivered yet, oldest first.
  Handle backlog = 0;
  Reservations reservations;
  // The heap block that was read last, which lies in the cache of this core; 0: none.
  uint32_t block_read = 0;
  // The slot whose doomed objects are being destroyed, -1 for none.
  int32_t destroying = -1;

  [[nodiscard]] std::atomic_ref<int32_t> word(Handle handle, int32_t offset) const {
    return arena.word(handle + offset);
  }
  // Words of the isolate's own, or that nobody reads: what a guard protects is changed by Section::set().
  [[nodiscard]] int32_t get(Handle handle, int32_t offset) const { return arena.get(handle + offset); }
  void set(Handle handle, int32_t offset, int32_t value) const { arena.set(handle + offset, value); }
};

// Index of a word of a slot.
[[nodiscard]] constexpr int32_t slot_word(int32_t slot, int32_t offset) {
  return layout::SLOTS_START + slot * layout::WORDS_PER_SLOT + offset;
}

}  // namespace heddle

// Whether an event loop must be rung for what was just pushed on its ready stack: only one that sleeps.
// A ring costs a system call on either side.
//
//                 falls_asleep(), nothing ready          needs_ring()
//        AWAKE ───────────────────────────► ASLEEP ────────────────────► RUNG
//          ▲                                   │                          │
//          └────────── wakes() ────────────────┴──────────────────────────┘
//
//   loop, before it polls       L1 state = ASLEEP      whoever grants     G1 push on READY
//                               L2 READY empty?                           G2 state ASLEEP? → RUNG, ring
//                                  no: state = AWAKE,
//                                  do not block
//   loop, after it has polled   L3 state = AWAKE
//                               L4 take what is on READY
//
// No grant is overlooked. L1, L2, G1 and G2 are sequentially consistent, so they have one order that all
// threads agree on. Take a loop that blocks, and a push that L2 did not see: G1 comes after L2, hence G2
// after L1. What G2 reads is
//   ASLEEP  of this L1 or a later one: it rings, and the loop wakes;
//   RUNG    somebody has taken that ASLEEP and rings, or is about to, perhaps for a push that the loop has
//           taken before it fell asleep: whoever passes the ring on must not ask whether something is ready;
//   AWAKE   written after this L1, that is by an L3 or by the "no" of a later L2: the loop does not block
//           now, and before it blocks again comes an L2 that is after this G1 and sees the push.
// Only the first push on an empty stack looks at the state. A later one finds the stack not empty: nobody has
// taken from it since the first, for whom the above holds, and with the first the later is taken.
//
// A loop counts as awake whenever its thread runs JavaScript, or blocks in a Sync call: from there it comes
// to L1 before it polls. A ring that comes late, for a sleep that is over, costs one turn of the loop.
#pragma once

#include <atomic>
#include <cstdint>

#include "arena.h"
#include "layout.h"
#include "self.h"

namespace heddle {

// For the loop's own thread; needs_ring() for any.
class Loop {
 public:
  Loop(const Arena& arena, int32_t slot)
      : state_(arena.word(slot_word(slot, layout::Slot::LOOP))),
        ready_(arena.long_word(slot_word(slot, layout::Slot::READY))) {}

  // The state is kept from now on: before each poll comes falls_asleep(), after it wakes().
  void attend() { state_.store(layout::LoopState::AWAKE, std::memory_order_seq_cst); }

  // False when something is ready: then the loop must not block.
  [[nodiscard]] bool falls_asleep() {
    // L1, L2
    state_.store(layout::LoopState::ASLEEP, std::memory_order_seq_cst);
    if (is_empty(ready_.load(std::memory_order_seq_cst))) return true;
    wakes();
    return false;
  }

  // L3. Nothing hangs on when others see it.
  void wakes() { state_.store(layout::LoopState::AWAKE, std::memory_order_relaxed); }

  [[nodiscard]] bool has_ready() const { return !is_empty(ready_.load(std::memory_order_relaxed)); }

  // For who passes on a ring, or rings in place of one who has died.
  [[nodiscard]] bool awaits_ring() const {
    return has_ready() || state_.load(std::memory_order_seq_cst) == layout::LoopState::RUNG;
  }

  // After a push on an empty stack. True: the caller must ring; nobody else will.
  [[nodiscard]] bool needs_ring() {
    // G2
    int32_t seen = state_.load(std::memory_order_seq_cst);
    if (seen == layout::LoopState::ASLEEP &&
        state_.compare_exchange_strong(seen, layout::LoopState::RUNG, std::memory_order_seq_cst)) {
      return true;
    }
    return seen == layout::LoopState::UNKNOWN;
  }

 private:
  // Above the handle is the tag.
  [[nodiscard]] static bool is_empty(uint64_t ready) { return static_cast<uint32_t>(ready) == 0; }

  std::atomic_ref<int32_t> state_;
  std::atomic_ref<uint64_t> ready_;
};

}  // namespace heddle

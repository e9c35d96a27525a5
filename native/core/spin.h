// Spinning before sleeping: bounded, adaptive, and never where it cannot help.
#pragma once

#include <cstdint>

#include "deadline.h"
#include "seat.h"

#if defined(__x86_64__) || defined(__i386__) || defined(_M_X64)
#  include <immintrin.h>
#endif

namespace heddle {

// Tells the processor that this is a spin loop.
inline void cpu_relax() {
#if defined(__x86_64__) || defined(__i386__) || defined(_M_X64)
  _mm_pause();
#elif defined(__aarch64__) || defined(__arm__)
  asm volatile("yield" ::: "memory");
#endif
}

// The longest that a thread spins, ns: HEDDLE_SPIN_US, by default about what waking it would take;
// 0 on a machine with one core for us, where the one waited for could not run meanwhile.
[[nodiscard]] int64_t spin_limit_ns();

// How long one thread spins. What it learns: a spin that found what it waited for was worth it, so
// the next may be longer; one that ended in sleep was not.
//
// From the second round of looks on it yields its core before each: with more threads than cores, the one
// waited for may need just this core. Where none does, the yield costs little, and the core stays awake,
// which spares whoever wakes the thread later a good deal more than the spin takes.
class Spinner {
 public:
  Spinner() : limit_ns_(spin_limit_ns()), budget_ns_(limit_ns_) {}

  [[nodiscard]] bool spins() const { return limit_ns_ > 0; }

  // True as soon as `ready()` is; false when the budget is spent or the deadline has passed. Between
  // looks the thread pauses, up to `longest_pause` times in a row: every look takes the cache line away
  // from whoever is about to change it.
  template <class Ready>
  [[nodiscard]] bool spin(Deadline deadline, Ready ready, int longest_pause = 1) {
    return spin_between(deadline, ready, 1, longest_pause);
  }

  // The same for something that goes from hand to hand and is free again soon, as a lock is. Whoever has
  // it now will often want it again at once, and can have it many times over in the time in which its
  // cache line would go there and back. So a thread that had to spin just before looks less often.
  template <class Ready>
  [[nodiscard]] bool spin_for_turn(Deadline deadline, Ready ready) {
    if (monotonic_ns() - last_turn_ns_ < kCloseTurnsNs) {
      if (patience_ < kMostPatience) patience_ *= 2;
    } else if (patience_ > 1) {
      patience_ /= 2;
    }
    const bool found = spin_between(deadline, ready, patience_, patience_);
    last_turn_ns_ = monotonic_ns();
    return found;
  }

 private:
  template <class Ready>
  bool spin_between(Deadline deadline, Ready ready, int pauses, int longest_pause) {
    if (limit_ns_ == 0 || Seat::own().is_wanted()) return ready();
    // A short budget never sees an answer that takes longer, so now and then the whole is tried.
    const int64_t budget = ++waits_ % kWaitsPerTrial == 0 ? limit_ns_ : budget_ns_;
    const int64_t start = monotonic_ns();
    const int64_t end = deadline.earlier(Deadline::at(start + budget)).ns();
    for (int64_t now = start; now < end; now = monotonic_ns()) {
      const bool yields = now != start || crowded_;
      if (yields) {
        crowded_ = Seat::own().give_way();
        if (Seat::own().is_wanted()) return ready();
      }
      // The clock costs as much as several looks.
      for (int look = 0; look < kLooksPerClock; look++) {
        if (ready()) {
          note_hand_over(yields && crowded_);
          budget_ns_ = budget_ns_ * 2 < limit_ns_ ? budget_ns_ * 2 : limit_ns_;
          return true;
        }
        if (yields) break;
        for (int i = 0; i < pauses; i++) cpu_relax();
        if (pauses < longest_pause) pauses *= 2;
        if (pauses >= kPausesPerClock) break;
      }
    }
    if (end == start + budget) {
      budget_ns_ = budget_ns_ / 2 > kLeastNs ? budget_ns_ / 2 : kLeastNs;
    }
    return false;
  }

  // Whether it came because others had the core. If so again and again, this thread and the one it waits for
  // hand one core to and fro, and the system will not part them: see seat.h.
  void note_hand_over(bool was_one) {
    if (!was_one) {
      hand_overs_ = 0;
    } else if (++hand_overs_ == kMostHandOvers) {
      hand_overs_ = 0;
      (void)Seat::own().leave();
    }
  }

  static constexpr int kMostHandOvers = 16;
  static constexpr int kLooksPerClock = 16;
  // After so many the clock costs little.
  static constexpr int kPausesPerClock = 16;
  // About 2 us on most processors.
  static constexpr int kMostPatience = 128;
  static constexpr int64_t kCloseTurnsNs = 5000;
  static constexpr uint32_t kWaitsPerTrial = 8;
  // Enough to see an answer that is already under way, so that the budget can grow again.
  static constexpr int64_t kLeastNs = 1000;

  // Others want this core: the last yield let them have it.
  bool crowded_ = false;
  int hand_overs_ = 0;
  int64_t limit_ns_;
  int64_t budget_ns_;
  uint32_t waits_ = 0;
  int patience_ = 1;
  int64_t last_turn_ns_ = 0;
};

}  // namespace heddle

// Letting several items, or places, of a queue gather before a thread goes on with the first.
//
// A thread that follows close behind another one, taking each item as it comes, fetches the same cache
// lines from the other core again and again, and both are several times slower than when it stays a few
// lines behind. So one that has caught up pauses while more keep coming, for a few microseconds at most.
#pragma once

#include <algorithm>
#include <cstdint>

#include "spin.h"

namespace heddle {

class Gatherer {
 public:
  // So many are enough: sixteen cache lines.
  static constexpr int32_t kEnough = 64;

  // Returns when `count()` is 0 or enough, or does not grow. What it learns: pauses in which nothing came,
  // as between two threads that answer each other, are made more and more seldom.
  template <class Count>
  void gather(Count count) {
    if (++calls_ < calls_per_trial_) return;
    calls_ = 0;
    int32_t last = count();
    for (int look = 0; last != 0 && last < kEnough && look < kMostLooks; look++) {
      for (int i = 0; i < kPausesPerLook; i++) cpu_relax();
      const int32_t now = count();
      if (now <= last) {
        if (look == 0) calls_per_trial_ = std::clamp(2 * calls_per_trial_, kFewCalls, kManyCalls);
        return;
      }
      calls_per_trial_ = 1;
      last = now;
    }
  }

 private:
  // About 1.5 us on most processors, the time of a dozen items.
  static constexpr int kPausesPerLook = 32;
  static constexpr int kMostLooks = 6;
  // From one pause in vain to the next.
  static constexpr uint32_t kFewCalls = 8;
  static constexpr uint32_t kManyCalls = 128;

  uint32_t calls_ = 0;
  uint32_t calls_per_trial_ = 1;
};

}  // namespace heddle

// See guard.h.
#include "guard.h"

#include "futex.h"
#include "spin.h"

namespace heddle {

void Guard::lock_contended() {
  std::atomic_ref<int32_t> word(*word_);
  // The holder is done in far less time than it takes to sleep, unless it lost its core. The pauses are
  // long, so that it can go on for several turns before the cache lines of the object have to move:
  // twice the throughput of a queue between two threads, against pauses that start at one.
  constexpr int kShortestPause = 16;
  constexpr int kLongestPause = 128;
  if (spin_limit_ns() > 0) {
    for (int pause = kShortestPause; pause <= kLongestPause; pause += kShortestPause) {
      for (int i = 0; i < pause; i++) cpu_relax();
      int32_t free = 0;
      if (word.load(std::memory_order_relaxed) == 0 &&
          word.compare_exchange_strong(free, mine_, std::memory_order_acquire, std::memory_order_relaxed)) {
        return;
      }
    }
  }
  for (;;) {
    int32_t seen = word.load(std::memory_order_relaxed);
    if (seen == 0) {
      // Contended from the start: others may sleep behind this one, and nobody else remembers.
      if (word.compare_exchange_weak(seen, mine_ | kContended, std::memory_order_acquire,
                                     std::memory_order_relaxed)) {
        return;
      }
      continue;
    }
    int32_t contended = seen | kContended;
    // relaxed: the holder's exchange reads the bit from this same word.
    if (seen == contended || word.compare_exchange_weak(seen, contended, std::memory_order_relaxed)) {
      futex_wait(word_, contended, Deadline::never());
    }
  }
}

void Guard::wake_next() {
  futex_wake_one(word_);
}

}  // namespace heddle

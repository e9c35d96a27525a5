// Sleep and wake by Linux's futex, in its form for memory shared between processes.
#if defined(__linux__) && !defined(HEDDLE_FUTEX_PORTABLE)

#  include <linux/futex.h>
#  include <sys/syscall.h>
#  include <time.h>
#  include <unistd.h>

#  include <climits>

#  include "futex.h"

namespace heddle {

void futex_wait(int32_t* word, int32_t expected, Deadline deadline) {
  timespec until{};
  timespec* timeout = nullptr;
  if (!deadline.is_never()) {
    until.tv_sec = static_cast<time_t>(deadline.ns() / 1'000'000'000);
    until.tv_nsec = static_cast<long>(deadline.ns() % 1'000'000'000);
    timeout = &until;
  }
  // The form with a bit set takes an absolute time of the monotonic clock.
  syscall(SYS_futex, word, FUTEX_WAIT_BITSET, expected, timeout, nullptr, FUTEX_BITSET_MATCH_ANY);
}

void futex_wake_one(int32_t* word) {
  syscall(SYS_futex, word, FUTEX_WAKE, 1, nullptr, nullptr, 0);
}

void futex_wake_all(int32_t* word) {
  syscall(SYS_futex, word, FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0);
}

}  // namespace heddle

#endif

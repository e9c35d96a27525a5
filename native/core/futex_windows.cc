// Sleep and wake on Windows by WaitOnAddress, which works within one process.
#if defined(_WIN32) && !defined(HEDDLE_FUTEX_PORTABLE)

#  define WIN32_LEAN_AND_MEAN
#  define NOMINMAX
#  include <windows.h>

#  include "futex.h"

namespace heddle {

void futex_wait(int32_t* word, int32_t expected, Deadline deadline) {
  DWORD timeout_ms = INFINITE;
  if (!deadline.is_never()) {
    // Rounded up, or the last millisecond would be spent polling.
    int64_t left_ms = (deadline.left_ns() + 999'999) / 1'000'000;
    timeout_ms = left_ms > 1'000'000'000 ? 1'000'000'000 : static_cast<DWORD>(left_ms);
  }
  WaitOnAddress(word, &expected, sizeof *word, timeout_ms);
}

void futex_wake_one(int32_t* word) {
  WakeByAddressSingle(word);
}

void futex_wake_all(int32_t* word) {
  WakeByAddressAll(word);
}

}  // namespace heddle

#endif

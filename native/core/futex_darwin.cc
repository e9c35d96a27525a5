// Sleep and wake on macOS: os_sync_wait_on_address where the system has it (14.4 on), else __ulock,
// which every system before has and which that function is made of.
#if defined(__APPLE__) && !defined(HEDDLE_FUTEX_PORTABLE)

#  include <dlfcn.h>

#  include <cstddef>

#  include "futex.h"

extern "C" {
int __ulock_wait(uint32_t operation, void* address, uint64_t value, uint32_t timeout_us);
int __ulock_wake(uint32_t operation, void* address, uint64_t value);
}

namespace heddle {

namespace {

constexpr uint32_t kCompareAndWaitShared = 3;
constexpr uint32_t kWakeAll = 0x100;
constexpr uint32_t kNoErrno = 0x01000000;
constexpr uint32_t kShared = 1;
constexpr uint32_t kMonotonicClock = 32;

struct Functions {
  int (*wait)(void*, uint64_t, size_t, uint32_t) = nullptr;
  int (*wait_for)(void*, uint64_t, size_t, uint32_t, uint32_t, uint64_t) = nullptr;
  int (*wake_any)(void*, size_t, uint32_t) = nullptr;
  int (*wake_all)(void*, size_t, uint32_t) = nullptr;

  [[nodiscard]] bool complete() const {
    return wait != nullptr && wait_for != nullptr && wake_any != nullptr && wake_all != nullptr;
  }
};

template <class F>
void find(F& function, const char* name) {
  function = reinterpret_cast<F>(dlsym(RTLD_DEFAULT, name));
}

const Functions& functions() {
  static const Functions found = [] {
    Functions f;
    find(f.wait, "os_sync_wait_on_address");
    find(f.wait_for, "os_sync_wait_on_address_with_timeout");
    find(f.wake_any, "os_sync_wake_by_address_any");
    find(f.wake_all, "os_sync_wake_by_address_all");
    return f;
  }();
  return found;
}

}  // namespace

void futex_wait(int32_t* word, int32_t expected, Deadline deadline) {
  auto value = static_cast<uint64_t>(static_cast<uint32_t>(expected));
  if (functions().complete()) {
    if (deadline.is_never()) {
      functions().wait(word, value, sizeof *word, kShared);
      return;
    }
    int64_t left = deadline.left_ns();
    if (left > 0) {
      functions().wait_for(word, value, sizeof *word, kShared, kMonotonicClock, static_cast<uint64_t>(left));
    }
    return;
  }
  // In microseconds, where 0 would mean for ever; waking early is allowed.
  uint32_t timeout_us = 0;
  if (!deadline.is_never()) {
    int64_t left_us = deadline.left_ns() / 1000 + 1;
    timeout_us = left_us > 1'000'000'000 ? 1'000'000'000U : static_cast<uint32_t>(left_us);
  }
  __ulock_wait(kCompareAndWaitShared | kNoErrno, word, value, timeout_us);
}

void futex_wake_one(int32_t* word) {
  if (functions().complete()) {
    functions().wake_any(word, sizeof *word, kShared);
  } else {
    __ulock_wake(kCompareAndWaitShared | kNoErrno, word, 0);
  }
}

void futex_wake_all(int32_t* word) {
  if (functions().complete()) {
    functions().wake_all(word, sizeof *word, kShared);
  } else {
    __ulock_wake(kCompareAndWaitShared | kWakeAll | kNoErrno, word, 0);
  }
}

}  // namespace heddle

#endif

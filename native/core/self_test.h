// Whether the parts that every platform has its own of do what they must: for a binary that was built
// elsewhere, before anything relies on it.
#pragma once

#include <cstdint>

#include "deadline.h"
#include "futex.h"

namespace heddle {

// What threads sleep and wake by; a test of the self-test passes others.
struct FutexFunctions {
  void (*wait)(int32_t* word, int32_t expected, Deadline deadline) = futex_wait;
  void (*wake_all)(int32_t* word) = futex_wake_all;
};

// Maps shared memory, and has two threads wake each other by a word in it. Null, or what failed. Takes some
// 100 µs; who is not woken is given up after `patience_ms`.
[[nodiscard]] const char* self_test(const FutexFunctions& futex = {}, double patience_ms = 5000);

}  // namespace heddle

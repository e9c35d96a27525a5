// Sleep and wake with nothing but the C++ library, within one process: a table of mutexes with
// condition variables, chosen by the word's address.
#if defined(HEDDLE_FUTEX_PORTABLE) || (!defined(__linux__) && !defined(__APPLE__) && !defined(_WIN32))

#  include <array>
#  include <atomic>
#  include <chrono>
#  include <condition_variable>
#  include <cstddef>
#  include <mutex>

#  include "futex.h"

namespace heddle {

namespace {

struct Bucket {
  std::mutex mutex;
  std::condition_variable condition;
};

// Never destroyed: threads may sleep while the process ends.
Bucket& bucket_of(const int32_t* word) {
  static auto& buckets = *new std::array<Bucket, 256>();
  auto address = reinterpret_cast<uintptr_t>(word);
  return buckets[(address >> 6 ^ address >> 14) % buckets.size()];
}

// Strangers share a bucket, so one wake-up wakes all in it and each looks at its own word.
void wake(const int32_t* word) {
  Bucket& bucket = bucket_of(word);
  // Passing through the mutex: a sleeper is either before its look at the word, which was changed
  // before this call, or already asleep.
  { std::lock_guard lock(bucket.mutex); }
  bucket.condition.notify_all();
}

}  // namespace

void futex_wait(int32_t* word, int32_t expected, Deadline deadline) {
  Bucket& bucket = bucket_of(word);
  std::unique_lock lock(bucket.mutex);
  if (std::atomic_ref<int32_t>(*word).load(std::memory_order_seq_cst) != expected) return;
  if (deadline.is_never()) {
    bucket.condition.wait(lock);
    return;
  }
  bucket.condition.wait_until(lock,
                              std::chrono::steady_clock::time_point(std::chrono::nanoseconds(deadline.ns())));
}

void futex_wake_one(int32_t* word) {
  wake(word);
}

void futex_wake_all(int32_t* word) {
  wake(word);
}

}  // namespace heddle

#endif

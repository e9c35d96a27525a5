// See self_test.h.
#include "self_test.h"

#include <atomic>

#include "mapping.h"
#include "os_thread.h"

namespace heddle {

namespace {

// A word that two threads set in turn: 0 → kAsked → kAnswered.
struct Exchange {
  static constexpr int32_t kAsked = 1;
  static constexpr int32_t kAnswered = 2;

  int32_t* word;
  const FutexFunctions& futex;
  Deadline deadline;

  // False when the other thread has not set it in time, or the deadline had to pass for this thread to see
  // it.
  [[nodiscard]] bool await(int32_t value) const {
    std::atomic_ref<int32_t> state(*word);
    for (int32_t seen = state.load(); seen != value; seen = state.load()) {
      if (deadline.passed()) return false;
      futex.wait(word, seen, deadline);
    }
    return !deadline.passed();
  }
  void set(int32_t value) const {
    std::atomic_ref<int32_t>(*word).store(value);
    futex.wake_all(word);
  }
};

void answer(void* argument) {
  const auto& exchange = *static_cast<const Exchange*>(argument);
  // Who asks sees to the failure.
  if (exchange.await(Exchange::kAsked)) exchange.set(Exchange::kAnswered);
}

const char* test_waking(int32_t* word, const FutexFunctions& futex, double patience_ms) {
  Exchange exchange{word, futex, Deadline::after_ms(patience_ms)};
  OsThread thread;
  if (!thread.start(answer, &exchange)) return "the system has no thread left";
  // Lets the other one fall asleep, most of the time.
  yield_core();
  exchange.set(Exchange::kAsked);
  const bool answered = exchange.await(Exchange::kAnswered);
  thread.join();
  return answered ? nullptr : "a thread that slept was not woken";
}

// The word lies in the second of the pages, which has been given back to the system once.
const char* test_memory(const Mapping& mapping, const FutexFunctions& futex, double patience_ms) {
  if (!commit_pages(mapping, 0, 2 * kPageBytes)) return "pages of shared memory cannot be used";
  auto* const word = reinterpret_cast<int32_t*>(mapping.base + kPageBytes);
  if (*word != 0) return "new shared memory is not zero";
  *word = 1;
  const bool cleared = discard_pages(mapping, kPageBytes, kPageBytes);
  if (!commit_pages(mapping, kPageBytes, kPageBytes)) return "pages of shared memory cannot be used again";
  if (cleared && *word != 0) return "shared memory that was given back is not zero";
  *word = 0;
  return test_waking(word, futex, patience_ms);
}

}  // namespace

const char* self_test(const FutexFunctions& futex, double patience_ms) {
  constexpr size_t kBytes = size_t{1} << 20;
  Mapping mapping;
  if (!map_sparse(kBytes, mapping)) return "shared memory cannot be mapped";
  const char* const failure = test_memory(mapping, futex, patience_ms);
  unmap(mapping);
  return failure;
}

}  // namespace heddle

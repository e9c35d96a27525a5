// Sleeping on a word: the same for every implementation.
#include "core/futex.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace heddle {

namespace {

TEST(Futex, DoesNotSleepOnAnotherValue) {
  int32_t word = 1;
  futex_wait(&word, 0, Deadline::never());
}

TEST(Futex, SleepsUntilTheDeadline) {
  int32_t word = 0;
  int64_t start = monotonic_ns();
  Deadline deadline = Deadline::at(start + 20'000'000);
  while (!deadline.passed()) futex_wait(&word, 0, deadline);
  EXPECT_GE(monotonic_ns() - start, 20'000'000);
}

TEST(Futex, ADeadlineInThePastDoesNotBlock) {
  int32_t word = 0;
  futex_wait(&word, 0, Deadline::after_ms(0));
  futex_wait(&word, 0, Deadline::at(1));
}

TEST(Futex, WakesWhoSleeps) {
  int32_t word = 0;
  std::atomic_ref<int32_t> value(word);
  std::vector<std::thread> sleepers;
  for (int i = 0; i < 4; i++) {
    sleepers.emplace_back([&] {
      while (value.load() == 0) futex_wait(&word, 0, Deadline::never());
    });
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(10));
  value = 1;
  futex_wake_all(&word);
  for (auto& sleeper : sleepers) sleeper.join();
}

TEST(Futex, LosesNoWakeUpInTurns) {
  alignas(64) int32_t word = 0;
  std::atomic_ref<int32_t> turn(word);
  constexpr int kTurns = 5'000;
  auto play = [&](int32_t mine) {
    for (int i = 0; i < kTurns; i++) {
      for (int32_t seen = turn.load(); seen != mine; seen = turn.load()) {
        futex_wait(&word, seen, Deadline::never());
      }
      turn.store(1 - mine);
      futex_wake_one(&word);
    }
  };
  std::thread other(play, 1);
  play(0);
  other.join();
  EXPECT_EQ(turn.load(), 0);
}

}  // namespace

}  // namespace heddle

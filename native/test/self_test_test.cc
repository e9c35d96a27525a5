// The self-test passes here, and notices what it is there for.
#include "core/self_test.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <thread>

namespace heddle {

namespace {

void wake_nobody(int32_t*) {}

// Sleeps until the deadline, whatever happens.
void sleep_through(int32_t*, int32_t, Deadline deadline) {
  std::this_thread::sleep_for(std::chrono::nanoseconds(deadline.left_ns()));
}

constexpr double kPatience = 20;

TEST(SelfTest, PassesWhereEverythingWorks) {
  // It is part of every import: 2 ms, of which a busy machine may take more now and then.
  auto shortest = std::chrono::nanoseconds::max();
  for (int i = 0; i < 100; i++) {
    const auto begin = std::chrono::steady_clock::now();
    EXPECT_STREQ(self_test(), nullptr);
    shortest = std::min<std::chrono::nanoseconds>(shortest, std::chrono::steady_clock::now() - begin);
  }
  EXPECT_LT(shortest, std::chrono::milliseconds(2));
}

TEST(SelfTest, NoticesThatNobodyIsWoken) {
  // Unless nobody was asleep, which takes both threads to run at once.
  bool noticed = false;
  for (int i = 0; i < 100 && !noticed; i++)
    noticed = self_test({futex_wait, wake_nobody}, kPatience) != nullptr;
  EXPECT_TRUE(noticed);
}

TEST(SelfTest, NoticesThatASleeperIsDeaf) {
  bool noticed = false;
  for (int i = 0; i < 100 && !noticed; i++) {
    noticed = self_test({sleep_through, futex_wake_all}, kPatience) != nullptr;
  }
  EXPECT_TRUE(noticed);
}

}  // namespace

}  // namespace heddle

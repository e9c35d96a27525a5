// The self-test passes here, and notices what it is there for.
#include "core/self_test.h"

#include <gtest/gtest.h>

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
  for (int i = 0; i < 100; i++) EXPECT_STREQ(self_test(), nullptr);
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

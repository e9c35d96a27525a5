// The condition: notify() reaches as many as it says, in order of arrival, and is never lost.
#include "core/condition.h"

#include "core_fixture.h"

namespace heddle::test {

namespace {

class ConditionTest : public CoreTest {
 protected:
  Handle condition_ = 0;
  Handle mutex_ = 0;
  void SetUp() override {
    CoreTest::SetUp();
    condition_ = create(Kind::CONDITION);
    mutex_ = create(Kind::MUTEX);
    core().retain(mutex_);
    core().words()[condition_ + layout::Condition::LOCK] = mutex_;
  }
};

TEST_F(ConditionTest, NotifiesNobodyWhenNobodyWaits) {
  EXPECT_EQ(core().condition_notify(condition_, 5), 0);
}

TEST_F(ConditionTest, NotifiesInOrderOfArrival) {
  std::vector<int32_t> tickets;
  for (int i = 0; i < 5; i++) {
    tickets.push_back(core().condition_enqueue(condition_, WaiterMode::LOOP));
  }
  EXPECT_EQ(core().condition_notify(condition_, 2), 2);
  auto ready = main().drain();
  ASSERT_EQ(ready.size(), 2U);
  EXPECT_EQ(ready[0].ticket, tickets[0]);
  EXPECT_EQ(ready[1].ticket, tickets[1]);
  EXPECT_EQ(core().condition_notify(condition_, 100), 3);
  EXPECT_EQ(main().drain().size(), 3U);
}

TEST_F(ConditionTest, ANotificationThatCameFirstCounts) {
  int32_t ticket = core().condition_enqueue(condition_, WaiterMode::THREAD);
  EXPECT_EQ(core().condition_notify(condition_, 1), 1);
  EXPECT_EQ(core().wait(ticket, 0), Outcome::GRANTED);
}

TEST_F(ConditionTest, TimesOut) {
  int32_t ticket = core().condition_enqueue(condition_, WaiterMode::THREAD);
  EXPECT_EQ(main().finish(ticket, 5), Outcome::TIMED_OUT);
  EXPECT_EQ(core().condition_notify(condition_, 1), 0);
}

TEST_F(ConditionTest, ANotificationOfTheDeadGoesToTheNext) {
  auto dying = std::make_unique<Isolate>(arena());
  ASSERT_TRUE(is_ticket((*dying)->condition_enqueue(condition_, WaiterMode::LOOP)));
  int32_t ticket = core().condition_enqueue(condition_, WaiterMode::LOOP);
  EXPECT_EQ(core().condition_notify(condition_, 1), 1);
  dying.reset();
  auto ready = main().drain();
  ASSERT_EQ(ready.size(), 1U);
  EXPECT_EQ(ready[0].ticket, ticket);
}

// Ping-pong by turns: a lost notification would stop it.
TEST_F(ConditionTest, LosesNoNotification) {
  const int turns = 10'000 / kSanitizerSlowdown;
  int turn = 0;
  std::vector<std::thread> threads;
  for (int me = 0; me < 2; me++) {
    threads.push_back(spawn([&, me](Isolate& isolate) {
      for (int i = 0; i < turns; i++) {
        ASSERT_EQ(isolate.lock(mutex_), Outcome::GRANTED);
        while (turn % 2 != me) {
          int32_t ticket = isolate->condition_enqueue(condition_, WaiterMode::THREAD);
          isolate.unlock(mutex_);
          ASSERT_EQ(isolate.finish(ticket), Outcome::GRANTED);
          ASSERT_EQ(isolate.lock(mutex_), Outcome::GRANTED);
        }
        turn++;
        isolate->condition_notify(condition_, 1);
        isolate.unlock(mutex_);
      }
    }));
  }
  join_all(threads);
  EXPECT_EQ(turn, 2 * turns);
}

}  // namespace

}  // namespace heddle::test

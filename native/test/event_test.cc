// The event: set() reaches all who wait, and who comes later sees it set.
#include "core/event.h"

#include "core_fixture.h"

namespace heddle::test {

namespace {

class EventTest : public CoreTest {
 protected:
  Handle event_ = 0;
  void SetUp() override {
    CoreTest::SetUp();
    event_ = create(Kind::EVENT);
  }
  // As TypeScript does.
  void clear() {
    std::atomic_ref<int32_t>(core().words()[event_ + Cell::STATE]).fetch_and(~layout::Event::SET);
  }
};

TEST_F(EventTest, LetsEverybodyThroughWhenSet) {
  core().event_set(event_);
  EXPECT_EQ(core().event_wait(event_, WaiterMode::THREAD, 0), Outcome::GRANTED);
  EXPECT_EQ(core().event_wait(event_, WaiterMode::LOOP, kForEver), Outcome::GRANTED);
  clear();
  EXPECT_EQ(core().event_wait(event_, WaiterMode::THREAD, 0), Outcome::TIMED_OUT);
}

TEST_F(EventTest, WakesThreadsAndLoops) {
  std::atomic<int> woken = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; i++) {
    threads.push_back(spawn([&](Isolate& isolate) {
      EXPECT_EQ(isolate.finish(isolate->event_wait(event_, WaiterMode::THREAD, kForEver)), Outcome::GRANTED);
      woken++;
    }));
  }
  int32_t ticket = core().event_wait(event_, WaiterMode::LOOP, kForEver);
  ASSERT_TRUE(eventually([&] { return count_waiters(event_) == 5; }));
  EXPECT_EQ(woken.load(), 0);
  core().event_set(event_);
  join_all(threads);
  EXPECT_EQ(woken.load(), 4);
  auto ready = main().drain();
  ASSERT_EQ(ready.size(), 1U);
  EXPECT_EQ(ready[0].ticket, ticket);
  EXPECT_EQ(state(event_), layout::Event::SET);
}

TEST_F(EventTest, SetAndClearReleasesThoseWhoWaited) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; i++) {
    threads.push_back(spawn([&](Isolate& isolate) {
      EXPECT_EQ(isolate.finish(isolate->event_wait(event_, WaiterMode::THREAD, 20'000), 20'000),
                Outcome::GRANTED);
    }));
  }
  ASSERT_TRUE(eventually([&] { return count_waiters(event_) == 3; }));
  core().event_set(event_);
  clear();
  join_all(threads);
  EXPECT_EQ(state(event_), 0);
}

TEST_F(EventTest, IsParkedOnlyWhileSomebodyWaits) {
  int32_t ticket = core().event_wait(event_, WaiterMode::LOOP, kForEver);
  EXPECT_EQ(state(event_), layout::Event::PARKED);
  EXPECT_EQ(core().cancel(ticket), Outcome::TIMED_OUT);
  EXPECT_EQ(state(event_), 0);
}

TEST_F(EventTest, TheEndOfAThreadIsAnEvent) {
  Handle thread = create(Kind::THREAD);
  int32_t ticket = core().event_wait(thread, WaiterMode::LOOP, kForEver);
  int32_t other = core().event_wait(thread, WaiterMode::LOOP, kForEver);
  EXPECT_EQ(core().cancel(ticket), Outcome::TIMED_OUT);
  core().event_set(thread);
  ASSERT_EQ(main().drain().size(), 1U);
  EXPECT_GE(other, layout::FIRST_TICKET);
  EXPECT_EQ(state(thread), layout::Event::SET);
}

TEST_F(EventTest, SurvivesSetClearAndTimeoutsAtOnce) {
  const int races = 20'000 / kSanitizerSlowdown;
  std::atomic<bool> stop = false;
  std::thread setter = spawn([&](Isolate& isolate) {
    while (!stop.load()) {
      isolate->event_set(event_);
      for (int i = 0; i < 50; i++) cpu_relax();
      clear();
      for (int i = 0; i < 50; i++) cpu_relax();
    }
  });
  std::vector<std::thread> threads;
  for (unsigned seed = 0; seed < 2; seed++) {
    threads.push_back(spawn([&, seed](Isolate& isolate) {
      std::mt19937 random(seed);
      for (int i = 0; i < races; i++) {
        double timeout = i % 16 == 0 ? kForEver : 0.001 * (random() % 30);
        OutcomeCode outcome =
            isolate.finish(isolate->event_wait(event_, WaiterMode::THREAD, timeout), timeout);
        ASSERT_TRUE(outcome == Outcome::GRANTED || outcome == Outcome::TIMED_OUT);
      }
    }));
  }
  join_all(threads);
  stop = true;
  setter.join();
  clear();
  EXPECT_EQ(state(event_), 0);
}

}  // namespace

}  // namespace heddle::test

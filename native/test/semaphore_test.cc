// The semaphore: permits are conserved whatever races with what.
#include "core/semaphore.h"

#include "core_fixture.h"

namespace heddle::test {

namespace {

class SemaphoreTest : public CoreTest {
 protected:
  Handle semaphore_ = 0;
  void SetUp() override {
    CoreTest::SetUp();
    semaphore_ = create(Kind::SEMAPHORE);
  }
  int32_t value() const { return state(semaphore_) >> layout::Semaphore::VALUE_SHIFT; }
  void set_value(int32_t value) {
    core().words()[semaphore_ + Cell::STATE] = value << layout::Semaphore::VALUE_SHIFT;
  }
};

TEST_F(SemaphoreTest, GivesAsManyPermitsAsItHas) {
  set_value(2);
  EXPECT_EQ(core().semaphore_acquire(semaphore_, WaiterMode::THREAD, 0), Outcome::GRANTED);
  EXPECT_EQ(core().semaphore_acquire(semaphore_, WaiterMode::LOOP, kForEver), Outcome::GRANTED);
  EXPECT_EQ(core().semaphore_acquire(semaphore_, WaiterMode::THREAD, 0), Outcome::TIMED_OUT);
  EXPECT_EQ(core().semaphore_release(semaphore_, 2), Outcome::OK);
  EXPECT_EQ(value(), 2);
}

TEST_F(SemaphoreTest, RefusesToOverflow) {
  set_value(1);
  EXPECT_EQ(core().semaphore_release(semaphore_, layout::Semaphore::MAX_VALUE), Outcome::OVERFLOW);
  EXPECT_EQ(value(), 1);
  core().words()[semaphore_ + layout::Semaphore::BOUNDED] = 1;
  core().words()[semaphore_ + layout::Semaphore::BOUND] = 2;
  EXPECT_EQ(core().semaphore_release(semaphore_, 2), Outcome::OVERFLOW);
  EXPECT_EQ(value(), 1);
  EXPECT_EQ(core().semaphore_release(semaphore_, 1), Outcome::OK);
  EXPECT_EQ(value(), 2);
}

TEST_F(SemaphoreTest, ABoundOfZeroRefusesEvenUnderWaiters) {
  core().words()[semaphore_ + layout::Semaphore::BOUNDED] = 1;
  int32_t ticket = core().semaphore_acquire(semaphore_, WaiterMode::LOOP, kForEver);
  EXPECT_EQ(core().semaphore_release(semaphore_, 1), Outcome::OVERFLOW);
  EXPECT_TRUE(main().drain().empty());
  EXPECT_EQ(core().cancel(ticket), Outcome::TIMED_OUT);
}

TEST_F(SemaphoreTest, GrantsInOrderOfArrivalAndKeepsTheRest) {
  std::vector<int32_t> tickets;
  for (int i = 0; i < 3; i++) {
    tickets.push_back(core().semaphore_acquire(semaphore_, WaiterMode::LOOP, kForEver));
  }
  EXPECT_EQ(core().semaphore_release(semaphore_, 2), Outcome::OK);
  auto ready = main().drain();
  ASSERT_EQ(ready.size(), 2U);
  EXPECT_EQ(ready[0].ticket, tickets[0]);
  EXPECT_EQ(ready[1].ticket, tickets[1]);
  EXPECT_EQ(core().semaphore_release(semaphore_, 5), Outcome::OK);
  EXPECT_EQ(main().drain().size(), 1U);
  EXPECT_EQ(value(), 4);
}

TEST_F(SemaphoreTest, SetsItsWordFreeWhenTheLastWaiterGivesUp) {
  int32_t first = core().semaphore_acquire(semaphore_, WaiterMode::LOOP, kForEver);
  int32_t second = core().semaphore_acquire(semaphore_, WaiterMode::LOOP, kForEver);
  EXPECT_EQ(core().cancel(first), Outcome::TIMED_OUT);
  EXPECT_EQ(state(semaphore_), layout::Semaphore::PARKED);
  EXPECT_EQ(core().cancel(second), Outcome::TIMED_OUT);
  EXPECT_EQ(state(semaphore_), 0);
}

TEST_F(SemaphoreTest, APermitGrantedToTheDeadGoesToTheNext) {
  auto dying = std::make_unique<Isolate>(arena());
  ASSERT_TRUE(is_ticket((*dying)->semaphore_acquire(semaphore_, WaiterMode::LOOP, kForEver)));
  ASSERT_TRUE(is_ticket((*dying)->semaphore_acquire(semaphore_, WaiterMode::LOOP, kForEver)));
  int32_t ticket = core().semaphore_acquire(semaphore_, WaiterMode::LOOP, kForEver);
  EXPECT_EQ(core().semaphore_release(semaphore_, 1), Outcome::OK);
  dying.reset();
  auto ready = main().drain();
  ASSERT_EQ(ready.size(), 1U);
  EXPECT_EQ(ready[0].ticket, ticket);
  EXPECT_EQ(state(semaphore_), 0);
}

// Permits go round between threads that time out, loops that cancel, and plain waiters. At the end
// there are as many as at the beginning. A machine may run the threads one after the other, each
// through all its races: they go on until somebody had to give up.
TEST_F(SemaphoreTest, ConservesPermitsUnderTimeoutsAndCancels) {
  const int races = 40'000 / kSanitizerSlowdown;
  constexpr int kPermits = 2;
  set_value(kPermits);
  std::atomic<int> inside = 0;
  std::atomic<int64_t> gave_up = 0;
  std::atomic<int64_t> granted_late = 0;
  std::atomic<int> waiting_to_start = 4;
  std::vector<std::thread> threads;
  for (unsigned seed = 0; seed < 4; seed++) {
    threads.push_back(spawn([&, seed](Isolate& isolate) {
      std::mt19937 random(seed);
      waiting_to_start--;
      while (waiting_to_start > 0) std::this_thread::yield();
      for (int i = 0; i < races || gave_up == 0; i++) {
        OutcomeCode outcome = 0;
        if (random() % 2 == 0) {
          double timeout = random() % 8 == 0 ? kForEver : 0.001 * (random() % 40);
          outcome =
              isolate.finish(isolate->semaphore_acquire(semaphore_, WaiterMode::THREAD, timeout), timeout);
        } else {
          int32_t begun = isolate->semaphore_acquire(semaphore_, WaiterMode::LOOP, kForEver);
          if (is_ticket(begun)) {
            for (unsigned pause = random() % 128; pause > 0; pause--) cpu_relax();
            outcome = isolate->cancel(begun);
            granted_late += outcome == Outcome::GRANTED;
            ASSERT_TRUE(isolate.drain().empty());
          } else {
            outcome = begun;
          }
        }
        if (outcome != Outcome::GRANTED) {
          ASSERT_EQ(outcome, Outcome::TIMED_OUT);
          gave_up++;
          continue;
        }
        ASSERT_LE(inside.fetch_add(1), kPermits - 1);
        for (unsigned work = random() % 64; work > 0; work--) cpu_relax();
        if (random() % 16 == 0) std::this_thread::yield();
        inside--;
        ASSERT_EQ(isolate->semaphore_release(semaphore_, 1), Outcome::OK);
      }
    }));
  }
  join_all(threads);
  EXPECT_EQ(state(semaphore_), kPermits << layout::Semaphore::VALUE_SHIFT);
  RecordProperty("granted_after_cancel", static_cast<int>(granted_late.load()));
}

// The same race in the open: one side releases exactly as the other gives up.
TEST_F(SemaphoreTest, AGrantRacingACancelIsNeverLost) {
  const int races = 100'000 / kSanitizerSlowdown;
  std::atomic<int32_t> round = 0;
  std::atomic<int> released = 0;
  std::thread releaser = spawn([&](Isolate& isolate) {
    for (int i = 1; i <= races; i++) {
      while (round.load(std::memory_order_acquire) < i) std::this_thread::yield();
      ASSERT_EQ(isolate->semaphore_release(semaphore_, 1), Outcome::OK);
      released.store(i, std::memory_order_release);
    }
  });
  int granted = 0;
  for (int i = 1; i <= races; i++) {
    int32_t ticket = core().semaphore_acquire(semaphore_, WaiterMode::LOOP, kForEver);
    ASSERT_TRUE(is_ticket(ticket));
    round.store(i, std::memory_order_release);
    for (int pause = i % 32; pause > 0; pause--) cpu_relax();
    OutcomeCode outcome = core().cancel(ticket);
    while (released.load(std::memory_order_acquire) < i) std::this_thread::yield();
    if (outcome == Outcome::GRANTED) {
      granted++;
      ASSERT_EQ(value(), 0);
    } else {
      ASSERT_EQ(outcome, Outcome::TIMED_OUT);
      ASSERT_EQ(core().semaphore_acquire(semaphore_, WaiterMode::LOOP, 0), Outcome::GRANTED);
    }
    ASSERT_TRUE(main().drain().empty());
  }
  releaser.join();
  EXPECT_EQ(value(), 0);
  RecordProperty("granted", granted);
}

}  // namespace

}  // namespace heddle::test

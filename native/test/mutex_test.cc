// The mutex: exclusion, order, fairness, giving up, sweeping.
#include "core/mutex.h"

#include "core_fixture.h"

namespace heddle::test {

namespace {

class MutexTest : public CoreTest {
 protected:
  Handle mutex_ = 0;
  void SetUp() override {
    CoreTest::SetUp();
    mutex_ = create(Kind::MUTEX);
  }
  // In SINCE: told to retry in vain after its time.
  static constexpr int64_t kDue = 0;
  static constexpr int64_t kJustNow = std::numeric_limits<int64_t>::max() / 2;
  // A ticket of mode THREAD, whose thread has come back after a slice.
  int32_t sleep_for_mutex(Isolate& isolate) {
    int32_t ticket = isolate->mutex_acquire(mutex_, WaiterMode::THREAD, kForEver);
    EXPECT_TRUE(is_ticket(ticket));
    return ticket;
  }
  void set_waiting_since(int32_t ticket, int64_t ns) {
    arena().long_word(ticket + layout::Node::SINCE) = static_cast<uint64_t>(ns);
  }
  bool locked() const { return (state(mutex_) & layout::Mutex::LOCKED) != 0; }
  bool parked() const { return (state(mutex_) & layout::Mutex::PARKED) != 0; }
};

TEST_F(MutexTest, ExcludesThreads) {
  const int rounds = 50'000 / kSanitizerSlowdown;
  int64_t counter = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; i++) {
    threads.push_back(spawn([&](Isolate& isolate) {
      for (int round = 0; round < rounds; round++) {
        ASSERT_EQ(isolate.lock(mutex_), Outcome::GRANTED);
        counter++;
        isolate.unlock(mutex_);
      }
    }));
  }
  join_all(threads);
  EXPECT_EQ(counter, 4 * rounds);
  EXPECT_EQ(state(mutex_), 0);
}

TEST_F(MutexTest, NamesItsOwner) {
  ASSERT_EQ(main().lock(mutex_), Outcome::GRANTED);
  EXPECT_TRUE(locked());
  EXPECT_EQ(state(mutex_) >> layout::Mutex::OWNER_SHIFT, core().self());
  main().unlock(mutex_);
  EXPECT_EQ(state(mutex_), 0);
}

TEST_F(MutexTest, RefusesReleaseWhenFree) {
  EXPECT_EQ(core().mutex_release(mutex_), Outcome::MISUSE);
  EXPECT_EQ(state(mutex_), 0);
}

TEST_F(MutexTest, TriesOnceWithTimeoutZero) {
  Isolate other(arena());
  ASSERT_EQ(main().lock(mutex_), Outcome::GRANTED);
  EXPECT_EQ(other->mutex_acquire(mutex_, WaiterMode::THREAD, 0), Outcome::TIMED_OUT);
  EXPECT_EQ(other->mutex_acquire(mutex_, WaiterMode::LOOP, 0), Outcome::TIMED_OUT);
  EXPECT_FALSE(parked());
  main().unlock(mutex_);
  EXPECT_EQ(other->mutex_acquire(mutex_, WaiterMode::THREAD, 0), Outcome::GRANTED);
  other.unlock(mutex_);
}

TEST_F(MutexTest, TimesOutAndLeavesNoTrace) {
  Isolate other(arena());
  ASSERT_EQ(main().lock(mutex_), Outcome::GRANTED);
  int64_t start = monotonic_ns();
  EXPECT_EQ(other.lock(mutex_, 20), Outcome::TIMED_OUT);
  EXPECT_GE(monotonic_ns() - start, 20'000'000);
  EXPECT_FALSE(parked());
  main().unlock(mutex_);
  EXPECT_EQ(state(mutex_), 0);
}

TEST_F(MutexTest, HandsOverToLoopsInOrderOfArrival) {
  Isolate other(arena());
  ASSERT_EQ(main().lock(mutex_), Outcome::GRANTED);
  std::vector<int32_t> tickets;
  for (int i = 0; i < 20; i++) {
    tickets.push_back(other->mutex_acquire(mutex_, WaiterMode::LOOP, kForEver));
    ASSERT_TRUE(is_ticket(tickets.back()));
  }
  for (int i = 0; i < 20; i++) {
    (i == 0 ? main() : other).unlock(mutex_);
    auto ready = other.drain();
    ASSERT_EQ(ready.size(), 1U);
    EXPECT_EQ(ready[0].ticket, tickets[static_cast<size_t>(i)]);
    EXPECT_EQ(ready[0].outcome, Outcome::GRANTED);
    EXPECT_EQ(state(mutex_) >> layout::Mutex::OWNER_SHIFT, other->self());
  }
  other.unlock(mutex_);
  EXPECT_EQ(state(mutex_), 0);
}

TEST_F(MutexTest, ACancelledLoopWaiterIsSkipped) {
  Isolate other(arena());
  ASSERT_EQ(main().lock(mutex_), Outcome::GRANTED);
  int32_t first = other->mutex_acquire(mutex_, WaiterMode::LOOP, kForEver);
  int32_t second = other->mutex_acquire(mutex_, WaiterMode::LOOP, kForEver);
  EXPECT_EQ(other->cancel(first), Outcome::TIMED_OUT);
  main().unlock(mutex_);
  auto ready = other.drain();
  ASSERT_EQ(ready.size(), 1U);
  EXPECT_EQ(ready[0].ticket, second);
  other.unlock(mutex_);
}

TEST_F(MutexTest, CancelReportsAGrantThatCameFirst) {
  Isolate other(arena());
  ASSERT_EQ(main().lock(mutex_), Outcome::GRANTED);
  int32_t ticket = other->mutex_acquire(mutex_, WaiterMode::LOOP, kForEver);
  main().unlock(mutex_);
  EXPECT_EQ(other->cancel(ticket), Outcome::GRANTED);
  EXPECT_TRUE(other.drain().empty());
  EXPECT_EQ(state(mutex_) >> layout::Mutex::OWNER_SHIFT, other->self());
  other.unlock(mutex_);
}

// A running thread may take the mutex again at once, but not for ever.
TEST_F(MutexTest, DoesNotStarveASleeperBesideAGreedyThread) {
  std::atomic<bool> stop = false;
  std::thread greedy = spawn([&](Isolate& isolate) {
    while (!stop.load(std::memory_order_relaxed)) {
      ASSERT_EQ(isolate.lock(mutex_), Outcome::GRANTED);
      for (int i = 0; i < 200; i++) cpu_relax();
      isolate.unlock(mutex_);
    }
  });
  for (int i = 0; i < 50; i++) {
    ASSERT_EQ(main().lock(mutex_, 20'000), Outcome::GRANTED) << "starved in round " << i;
    main().unlock(mutex_);
  }
  stop = true;
  greedy.join();
}

// Only then: while it slept, the mutex would be of no use to anybody.
TEST_F(MutexTest, IsHandedToAThreadThatStoodFirstForLongAndWasToldInVain) {
  Isolate other(arena());
  for (bool long_ago : {false, true}) {
    ASSERT_EQ(main().lock(mutex_), Outcome::GRANTED);
    int32_t ticket = sleep_for_mutex(other);
    set_waiting_since(ticket, long_ago ? monotonic_ns() - layout::FAIR_AFTER_NS : kJustNow);
    main().unlock(mutex_);
    EXPECT_EQ(state(mutex_), layout::Mutex::PARKED | layout::Mutex::WAKING);
    EXPECT_EQ(word(ticket, layout::Node::STATE), layout::NodeState::RETRY);
    ASSERT_EQ(main().lock(mutex_), Outcome::GRANTED);
    EXPECT_EQ(other->wait(ticket, kForEver), Outcome::PENDING);
    main().unlock(mutex_);
    if (long_ago) {
      EXPECT_EQ(state(mutex_) >> layout::Mutex::OWNER_SHIFT, other->self());
      EXPECT_EQ(word(ticket, layout::Node::STATE), Outcome::GRANTED);
    } else {
      EXPECT_EQ(state(mutex_), layout::Mutex::PARKED | layout::Mutex::WAKING);
      EXPECT_EQ(word(ticket, layout::Node::STATE), layout::NodeState::RETRY);
    }
    EXPECT_EQ(other->wait(ticket, kForEver), Outcome::GRANTED);
    other.unlock(mutex_);
    EXPECT_EQ(state(mutex_), 0);
  }
}

TEST_F(MutexTest, ASleeperToldToRetryKeepsItsPlaceWhenSomebodyWasQuicker) {
  Isolate other(arena());
  ASSERT_EQ(main().lock(mutex_), Outcome::GRANTED);
  int32_t ticket = sleep_for_mutex(other);
  set_waiting_since(ticket, kJustNow);
  main().unlock(mutex_);
  ASSERT_EQ(main().lock(mutex_), Outcome::GRANTED);
  EXPECT_NE(state(mutex_) & layout::Mutex::WAKING, 0);
  EXPECT_EQ(other->wait(ticket, kForEver), Outcome::PENDING);
  EXPECT_EQ(word(mutex_, Cell::WAITERS), ticket);
  // Asleep again: the next release must tell it once more.
  EXPECT_EQ(state(mutex_) & layout::Mutex::WAKING, 0);
  main().unlock(mutex_);
  EXPECT_EQ(other->wait(ticket, kForEver), Outcome::GRANTED);
  other.unlock(mutex_);
}

// The first waiter is told to retry and gives up instead; the mutex must not stay free under the next.
TEST_F(MutexTest, AWaiterGivingUpPassesOnTheRetry) {
  Isolate first(arena());
  Isolate second(arena());
  for (bool handed_over : {false, true}) {
    ASSERT_EQ(main().lock(mutex_), Outcome::GRANTED);
    int32_t gives_up = sleep_for_mutex(first);
    int32_t next = sleep_for_mutex(second);
    set_waiting_since(gives_up, kJustNow);
    set_waiting_since(next, handed_over ? kDue : kJustNow);
    main().unlock(mutex_);
    ASSERT_EQ(word(gives_up, layout::Node::STATE), layout::NodeState::RETRY);
    EXPECT_EQ(first->cancel(gives_up), Outcome::TIMED_OUT);
    EXPECT_EQ((state(mutex_) & layout::Mutex::WAKING) == 0, handed_over);
    EXPECT_EQ(word(next, layout::Node::STATE), handed_over ? Outcome::GRANTED : layout::NodeState::RETRY);
    EXPECT_EQ(second->wait(next, kForEver), Outcome::GRANTED);
    second.unlock(mutex_);
    EXPECT_EQ(state(mutex_), 0);
  }
}

TEST_F(MutexTest, PassesOnAMutexWhoseHolderDied) {
  auto dying = std::make_unique<Isolate>(arena());
  (*dying)->adopt(mutex_), core().retain(mutex_);
  ASSERT_EQ(dying->lock(mutex_), Outcome::GRANTED);
  int32_t ticket = core().mutex_acquire(mutex_, WaiterMode::LOOP, kForEver);
  ASSERT_TRUE(is_ticket(ticket));
  dying.reset();
  auto ready = main().drain();
  ASSERT_EQ(ready.size(), 1U);
  EXPECT_EQ(ready[0].outcome, Outcome::GRANTED);
  EXPECT_NE(state(mutex_) & layout::Mutex::OWNER_DIED, 0);
  main().unlock(mutex_);
  EXPECT_EQ(state(mutex_), 0);
}

TEST_F(MutexTest, TellsTheNextHolderOfADeathThatNobodyWaitedFor) {
  auto dying = std::make_unique<Isolate>(arena());
  core().retain(mutex_);
  (*dying)->adopt(mutex_);
  ASSERT_EQ(dying->lock(mutex_), Outcome::GRANTED);
  core().words()[mutex_ + layout::Mutex::DEPTH] = 3;
  dying.reset();
  EXPECT_EQ(state(mutex_), layout::Mutex::OWNER_DIED);
  EXPECT_EQ(word(mutex_, layout::Mutex::DEPTH), 0);
  ASSERT_EQ(main().lock(mutex_), Outcome::GRANTED);
  EXPECT_NE(state(mutex_) & layout::Mutex::OWNER_DIED, 0);
  main().unlock(mutex_);
  EXPECT_EQ(state(mutex_), 0);
}

TEST_F(MutexTest, AGrantToADeadWaiterGoesToTheNext) {
  auto dying = std::make_unique<Isolate>(arena());
  core().retain(mutex_);
  (*dying)->adopt(mutex_);
  ASSERT_EQ(main().lock(mutex_), Outcome::GRANTED);
  ASSERT_TRUE(is_ticket((*dying)->mutex_acquire(mutex_, WaiterMode::LOOP, kForEver)));
  int32_t ticket = core().mutex_acquire(mutex_, WaiterMode::LOOP, kForEver);
  main().unlock(mutex_);
  EXPECT_TRUE(main().drain().empty());
  dying.reset();
  auto ready = main().drain();
  ASSERT_EQ(ready.size(), 1U);
  EXPECT_EQ(ready[0].ticket, ticket);
  main().unlock(mutex_);
}

TEST_F(MutexTest, AForgottenMutexIsPassedOnWhenItsHolderEnds) {
  auto dying = std::make_unique<Isolate>(arena());
  core().retain(mutex_);
  (*dying)->adopt(mutex_);
  ASSERT_EQ(dying->lock(mutex_), Outcome::GRANTED);
  (*dying)->disown(mutex_);
  EXPECT_TRUE(locked());
  dying.reset();
  EXPECT_EQ(state(mutex_), layout::Mutex::OWNER_DIED);
  ASSERT_EQ(main().lock(mutex_), Outcome::GRANTED);
  main().unlock(mutex_);
}

// Threads and loops, timeouts and cancels, all at once: never two holders, never a lost grant.
TEST_F(MutexTest, SurvivesRandomInterleavings) {
  const int races = 30'000 / kSanitizerSlowdown;
  std::atomic<int> holders = 0;
  std::atomic<int64_t> granted = 0;
  int64_t counter = 0;
  auto critical = [&](Isolate& isolate) {
    ASSERT_EQ(holders.fetch_add(1), 0);
    counter++;
    granted++;
    holders.fetch_sub(1);
    isolate.unlock(mutex_);
  };
  std::vector<std::thread> threads;
  for (unsigned seed = 0; seed < 4; seed++) {
    threads.push_back(spawn([&, seed](Isolate& isolate) {
      std::mt19937 random(seed);
      for (int i = 0; i < races; i++) {
        switch (random() % 4) {
          case 0:
            if (isolate.lock(mutex_, 0.001 * (random() % 50)) == Outcome::GRANTED) critical(isolate);
            break;
          case 1:
            ASSERT_EQ(isolate.lock(mutex_), Outcome::GRANTED);
            critical(isolate);
            break;
          default: {
            int32_t begun = isolate->mutex_acquire(mutex_, WaiterMode::LOOP, kForEver);
            if (is_ticket(begun)) {
              for (unsigned pause = random() % 64; pause > 0; pause--) cpu_relax();
              begun = isolate->cancel(begun);
              ASSERT_TRUE(isolate.drain().empty());
            }
            if (begun == Outcome::GRANTED) critical(isolate);
          }
        }
      }
    }));
  }
  join_all(threads);
  EXPECT_EQ(counter, granted.load());
  EXPECT_EQ(state(mutex_), 0);
}

}  // namespace

}  // namespace heddle::test

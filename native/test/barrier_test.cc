// The barrier: rounds, the action, breaking, resetting.
#include "core/barrier.h"

#include "core_fixture.h"

namespace heddle::test {

namespace {

class BarrierTest : public CoreTest {
 protected:
  Handle create_barrier(int32_t parties) {
    Handle barrier = create(Kind::BARRIER);
    core().words()[barrier + layout::Barrier::PARTIES] = parties;
    return barrier;
  }
  int32_t arrive(Isolate& isolate, Handle barrier) {
    return isolate->barrier_arrive(barrier, WaiterMode::LOOP, kForEver);
  }
  int32_t waiting(Handle barrier) const { return word(barrier, layout::Barrier::COUNT); }
};

TEST_F(BarrierTest, OfOneIsLastAtOnce) {
  Handle barrier = create_barrier(1);
  EXPECT_EQ(arrive(main(), barrier), Outcome::LAST);
  EXPECT_EQ(core().out()[0], 0);
  core().barrier_release(barrier);
  EXPECT_EQ(state(barrier), 0);
}

TEST_F(BarrierTest, ReleasesNobodyBeforeTheActionIsDone) {
  Handle barrier = create_barrier(3);
  arrive(main(), barrier);
  arrive(main(), barrier);
  EXPECT_EQ(waiting(barrier), 2);
  EXPECT_EQ(arrive(main(), barrier), Outcome::LAST);
  EXPECT_EQ(core().out()[0], 2);
  EXPECT_TRUE(main().drain().empty());
  core().barrier_release(barrier);
  auto ready = main().drain();
  ASSERT_EQ(ready.size(), 2U);
  EXPECT_EQ(ready[0].value, 0);
  EXPECT_EQ(ready[1].value, 1);
  EXPECT_EQ(waiting(barrier), 0);
}

TEST_F(BarrierTest, ArrivalsDuringTheActionFormTheNextRounds) {
  Handle barrier = create_barrier(2);
  arrive(main(), barrier);
  ASSERT_EQ(arrive(main(), barrier), Outcome::LAST);
  std::vector<int32_t> next;
  for (int i = 0; i < 3; i++) next.push_back(arrive(main(), barrier));
  core().barrier_release(barrier);
  auto ready = main().drain();
  ASSERT_EQ(ready.size(), 2U);
  EXPECT_EQ(ready[0].outcome, Outcome::GRANTED);
  EXPECT_EQ(ready[1].ticket, next[1]);
  EXPECT_EQ(ready[1].outcome, Outcome::LAST);
  EXPECT_EQ(ready[1].value, 1);
  core().barrier_release(barrier);
  ready = main().drain();
  ASSERT_EQ(ready.size(), 1U);
  EXPECT_EQ(ready[0].ticket, next[0]);
  EXPECT_EQ(waiting(barrier), 1);
  EXPECT_EQ(arrive(main(), barrier), Outcome::LAST);
  core().barrier_release(barrier);
  ready = main().drain();
  ASSERT_EQ(ready.size(), 1U);
  EXPECT_EQ(ready[0].ticket, next[2]);
}

TEST_F(BarrierTest, ATimeoutBreaksIt) {
  Handle barrier = create_barrier(3);
  arrive(main(), barrier);
  Isolate other(arena());
  EXPECT_EQ(other.finish(other->barrier_arrive(barrier, WaiterMode::THREAD, 5), 5), Outcome::TIMED_OUT);
  auto ready = main().drain();
  ASSERT_EQ(ready.size(), 1U);
  EXPECT_EQ(ready[0].outcome, Outcome::BROKEN);
  EXPECT_EQ(arrive(main(), barrier), Outcome::BROKEN);
}

TEST_F(BarrierTest, ATimeoutOfZeroBreaksItUnlessItCompletesTheRound) {
  Handle barrier = create_barrier(2);
  arrive(main(), barrier);
  EXPECT_EQ(core().barrier_arrive(barrier, WaiterMode::THREAD, 0), Outcome::LAST);
  core().barrier_release(barrier);
  (void)main().drain();
  EXPECT_EQ(core().barrier_arrive(barrier, WaiterMode::THREAD, 0), Outcome::TIMED_OUT);
  EXPECT_EQ(arrive(main(), barrier), Outcome::BROKEN);
}

TEST_F(BarrierTest, ResetMendsItAndSendsAwayThoseWhoWait) {
  Handle barrier = create_barrier(2);
  arrive(main(), barrier);
  core().barrier_reset(barrier);
  auto ready = main().drain();
  ASSERT_EQ(ready.size(), 1U);
  EXPECT_EQ(ready[0].outcome, Outcome::BROKEN);
  EXPECT_TRUE(is_ticket(arrive(main(), barrier)));
  EXPECT_EQ(arrive(main(), barrier), Outcome::LAST);
  core().barrier_release(barrier);
  EXPECT_EQ(main().drain().size(), 1U);
}

TEST_F(BarrierTest, ResetDuringTheActionMakesItsReleaseVoid) {
  Handle barrier = create_barrier(2);
  Isolate other(arena());
  arrive(main(), barrier);
  ASSERT_EQ(arrive(main(), barrier), Outcome::LAST);
  core().barrier_reset(barrier);
  (void)main().drain();
  arrive(other, barrier);
  ASSERT_EQ(arrive(other, barrier), Outcome::LAST);
  core().barrier_release(barrier);
  EXPECT_TRUE(other.drain().empty());
  other->barrier_release(barrier);
  EXPECT_EQ(other.drain().size(), 1U);
}

TEST_F(BarrierTest, IsBrokenByTheDeathOfWhoRunsTheAction) {
  Handle barrier = create_barrier(2);
  auto dying = std::make_unique<Isolate>(arena());
  core().retain(barrier);
  (*dying)->adopt(barrier);
  arrive(main(), barrier);
  ASSERT_EQ(arrive(*dying, barrier), Outcome::LAST);
  dying.reset();
  auto ready = main().drain();
  ASSERT_EQ(ready.size(), 1U);
  EXPECT_EQ(ready[0].outcome, Outcome::BROKEN);
}

TEST_F(BarrierTest, IsBrokenByTheDeathOfAWaiter) {
  Handle barrier = create_barrier(3);
  auto dying = std::make_unique<Isolate>(arena());
  arrive(main(), barrier);
  arrive(*dying, barrier);
  dying.reset();
  auto ready = main().drain();
  ASSERT_EQ(ready.size(), 1U);
  EXPECT_EQ(ready[0].outcome, Outcome::BROKEN);
}

TEST_F(BarrierTest, KeepsThreadsInStep) {
  constexpr int kParties = 4;
  const int rounds = 1'000 / kSanitizerSlowdown;
  Handle barrier = create_barrier(kParties);
  std::atomic<int> arrived = 0;
  std::atomic<int> actions = 0;
  std::vector<std::thread> threads;
  std::vector<std::atomic<int>> indices(static_cast<size_t>(rounds));
  for (int i = 0; i < kParties; i++) {
    threads.push_back(spawn([&](Isolate& isolate) {
      for (int round = 0; round < rounds; round++) {
        arrived++;
        OutcomeCode outcome = isolate.finish(isolate->barrier_arrive(barrier, WaiterMode::THREAD, kForEver));
        indices[static_cast<size_t>(round)] |= 1 << isolate->out()[0];
        if (outcome == Outcome::LAST) {
          actions++;
          ASSERT_EQ(arrived.load(), kParties * (round + 1));
          isolate->barrier_release(barrier);
        } else {
          ASSERT_EQ(outcome, Outcome::GRANTED);
        }
        ASSERT_GE(arrived.load(), kParties * (round + 1));
      }
    }));
  }
  join_all(threads);
  EXPECT_EQ(actions.load(), rounds);
  for (auto& seen : indices) EXPECT_EQ(seen.load(), (1 << kParties) - 1);
}

}  // namespace

}  // namespace heddle::test

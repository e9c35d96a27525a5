// Ringing event loops: only one that sleeps is rung, and none sleeps on what is ready.
#include "core/loop_state.h"

#include "core/family_service.h"
#include "core/futex.h"
#include "core/processes.h"
#include "core_fixture.h"
#include "poll.h"

namespace heddle::test {

namespace {

class LoopStateTest : public CoreTest {
 protected:
  Handle semaphore_ = 0;
  void SetUp() override {
    CoreTest::SetUp();
    semaphore_ = create(Kind::SEMAPHORE);
  }
  static void begin_wait(Isolate& isolate, Handle semaphore) {
    ASSERT_TRUE(is_ticket(isolate->semaphore_acquire(semaphore, WaiterMode::LOOP, kForEver)));
  }
  void release(int count = 1) { ASSERT_EQ(core().semaphore_release(semaphore_, count), Outcome::OK); }
};

TEST_F(LoopStateTest, RingsALoopThatDoesNotSayWhetherItSleeps) {
  Isolate loop(arena());
  Poll poll(loop);
  for (int i = 1; i <= 3; i++) {
    begin_wait(loop, semaphore_);
    release();
    EXPECT_EQ(poll.rings(), i);
    EXPECT_EQ(loop.drain().size(), 1U);
  }
}

TEST_F(LoopStateTest, DoesNotRingALoopThatIsAwake) {
  Isolate loop(arena());
  Poll poll(loop);
  loop->loop_attends();
  begin_wait(loop, semaphore_);
  EXPECT_FALSE(loop->loop_has_ready());
  release();
  EXPECT_EQ(poll.rings(), 0);
  EXPECT_TRUE(loop->loop_has_ready());
  EXPECT_FALSE(loop->loop_falls_asleep());
  // Awake still.
  begin_wait(loop, semaphore_);
  release();
  EXPECT_EQ(poll.rings(), 0);
  EXPECT_EQ(loop.drain().size(), 2U);
  EXPECT_TRUE(loop->loop_falls_asleep());
}

TEST_F(LoopStateTest, RingsALoopThatSleepsOnce) {
  Isolate loop(arena());
  Poll poll(loop);
  loop->loop_attends();
  for (int i = 1; i <= 3; i++) {
    for (int wait = 0; wait < 3; wait++) begin_wait(loop, semaphore_);
    ASSERT_TRUE(loop->loop_falls_asleep());
    release();
    release();
    EXPECT_EQ(poll.rings(), i);
    // Taken off while the loop is about to wake up: it was rung for, and need not be again.
    EXPECT_EQ(loop.drain().size(), 2U);
    release();
    EXPECT_EQ(poll.rings(), i);
    loop->loop_wakes();
    EXPECT_EQ(loop.drain().size(), 1U);
  }
}

TEST_F(LoopStateTest, DoesNotSleepOnAPortionThatWasLeft) {
  Isolate loop(arena());
  loop->loop_attends();
  begin_wait(loop, semaphore_);
  begin_wait(loop, semaphore_);
  release(2);
  Ready one[1];
  EXPECT_EQ(loop->drain(one), 1U);
  EXPECT_TRUE(loop->loop_has_ready());
  EXPECT_FALSE(loop->loop_falls_asleep());
  EXPECT_EQ(loop->drain(one), 1U);
  EXPECT_FALSE(loop->loop_has_ready());
  EXPECT_TRUE(loop->loop_falls_asleep());
}

#if defined(__linux__) && !defined(HEDDLE_FUTEX_PORTABLE)

// Who says RUNG may do so for a push that the loop has taken already. From then on nobody else rings, so the
// ring must come, though nothing is ready by now: passed on by the bell ringer, ...
TEST_F(LoopStateTest, ARingFromAnotherProcessReachesALoopThatHasNothingReady) {
  Isolate loop(arena());
  Poll poll(loop);
  loop->loop_attends();
  FamilyService service(arena());
  const char* refusal = nullptr;
  ASSERT_TRUE(service.start(&refusal)) << refusal;
  ASSERT_TRUE(loop->loop_falls_asleep());
  ASSERT_TRUE(Loop(arena(), loop->self()).needs_ring());
  const int32_t doorbell = process_word(arena().own_process(), layout::Process::DOORBELL);
  arena().word(doorbell).fetch_or(layout::DoorbellBit::LOOPS);
  futex_wake_all(&arena().words()[doorbell]);
  EXPECT_TRUE(poll.wait(true));
  service.stop();
}

#endif

// ... or made up for by whoever sweeps one who died before he rang.
TEST_F(LoopStateTest, ASweepRingsALoopThatADeadOneHadToRing) {
  Isolate loop(arena());
  Poll poll(loop);
  loop->loop_attends();
  Isolate dead(arena());
  ASSERT_TRUE(loop->loop_falls_asleep());
  ASSERT_TRUE(Loop(arena(), loop->self()).needs_ring());
  core().sweep(dead->self(), arena().get(slot_word(dead->self(), layout::Slot::GENERATION)));
  EXPECT_TRUE(poll.wait(true));
}

// A thread grants as soon as somebody waits, while a loop turns.
TEST_F(LoopStateTest, NoGrantIsLostBetweenLookingAndSleeping) {
  const int turns = 100'000 / kSanitizerSlowdown;
  std::atomic<bool> over = false;
  std::thread granter = spawn([&](Isolate& isolate) {
    while (!over) {
      if (word(semaphore_, Cell::WAITERS) != 0) (void)isolate->semaphore_release(semaphore_, 1);
    }
  });
  std::thread looping = spawn([&](Isolate& loop) {
    expect_every_grant(loop, semaphore_, turns);
    over = true;
    // What it still waits for is unlinked with its slot.
  });
  looping.join();
  granter.join();
}

}  // namespace

}  // namespace heddle::test

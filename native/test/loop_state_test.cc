// Ringing event loops: only one that sleeps is rung, and none sleeps on what is ready.
#include "core/loop_state.h"

#include <condition_variable>
#include <mutex>

#include "core/family_service.h"
#include "core/futex.h"
#include "core/processes.h"
#include "core_fixture.h"

namespace heddle::test {

namespace {

// Sleeps until it is rung, as a poll does: a ring that comes before counts, rings that come together are one.
class Poll {
 public:
  explicit Poll(Isolate& isolate) : isolate_(isolate) {
    isolate_->set_ringer({[](void* poll) { static_cast<Poll*>(poll)->ring(); }, this});
  }
  ~Poll() { isolate_->set_ringer({}); }
  Poll(const Poll&) = delete;
  Poll& operator=(const Poll&) = delete;

  int rings() const { return rings_.load(); }

  // False when nothing came, which is a wake-up lost.
  [[nodiscard]] bool wait(bool blocks) {
    std::unique_lock lock(mutex_);
    const bool came = !blocks || rung_since_.wait_for(lock, kPatience, [this] { return rung_; });
    rung_ = false;
    return came;
  }

 private:
  void ring() {
    rings_++;
    const std::lock_guard lock(mutex_);
    rung_ = true;
    rung_since_.notify_one();
  }

  Isolate& isolate_;
  std::mutex mutex_;
  std::condition_variable rung_since_;
  bool rung_ = false;
  std::atomic<int> rings_ = 0;
};

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

// A thread grants as soon as somebody waits, while a loop turns: every grant must reach it. The loop tarries
// a little, now more, now less, and blocks only in some of its turns, so that pushes meet it at every step.
TEST_F(LoopStateTest, NoGrantIsLostBetweenLookingAndSleeping) {
  const int turns = 100'000 / kSanitizerSlowdown;
  std::atomic<bool> over = false;
  std::thread granter = spawn([&](Isolate& isolate) {
    while (!over) {
      if (word(semaphore_, Cell::WAITERS) != 0) (void)isolate->semaphore_release(semaphore_, 1);
    }
  });
  std::thread looping = spawn([&](Isolate& loop) {
    Poll poll(loop);
    loop->loop_attends();
    std::minstd_rand random(7);
    size_t waiting = 0;
    for (int turn = 0; turn < turns; turn++) {
      while (waiting < 1 + random() % 2) {
        // Else a permit has come for nobody, and is now used up.
        if (is_ticket(loop->semaphore_acquire(semaphore_, WaiterMode::LOOP, kForEver))) waiting++;
      }
      for (unsigned pause = random() % 32; pause > 0; pause--) cpu_relax();
      const bool asleep = random() % 8 != 0 && loop->loop_falls_asleep();
      if (!poll.wait(asleep)) {
        ADD_FAILURE() << "turn " << turn << ": slept on a grant";
        break;
      }
      if (asleep) loop->loop_wakes();
      waiting -= loop.drain().size();
    }
    over = true;
    // What it still waits for is unlinked with its slot.
  });
  looping.join();
  granter.join();
}

}  // namespace

}  // namespace heddle::test

// Processes of one family: a child inherits the arena, is woken and wakes, and is buried when it ends,
// in whichever way. Each child is forked before this process has threads, and ends by _exit or a signal.
#if defined(__linux__) && !defined(HEDDLE_FUTEX_PORTABLE)

#  include "core/processes.h"

#  include <fcntl.h>
#  include <signal.h>
#  include <sys/wait.h>
#  include <unistd.h>

#  include "core/family_service.h"
#  include "core/os_process.h"
#  include "core_fixture.h"
#  include "poll.h"

namespace heddle::test {

namespace {

namespace Process = layout::Process;
namespace ProcessCell = layout::ProcessCell;
namespace ProcessState = layout::ProcessState;

class ProcessesTest : public CoreTest {
 protected:
  void SetUp() override {
    CoreTest::SetUp();
    cell_ = create(Kind::PROCESS);
    commands_ = create_queue();
    started_ = create(Kind::EVENT);
  }

  void TearDown() override {
    if (service_ != nullptr) service_->stop();
    CoreTest::TearDown();
  }

  int32_t record_word(int32_t record, int32_t offset) {
    return arena().word(process_word(record, offset)).load();
  }

  // A child that runs `body` with an isolate of its own; returns its record.
  template <class Body>
  int32_t start(Body body, int32_t flags = 0) {
    const uint8_t name[] = {'p'};
    const int32_t record = core().reserve_process({cell_, commands_, started_, flags, name});
    EXPECT_GE(record, 0);
    pid_ = fork();
    if (pid_ == 0) {
      if (!claim_process(arena(), process_in(arena(), record))) _exit(100);
      Isolate isolate(arena());
      body(isolate);
      // A process ends without a word: nothing of this one's is destroyed.
      _exit(0);
    }
    core().confirm_process(process_in(arena(), record), pid_);
    return record;
  }

  // Watches from here on; forks come before.
  void watch() {
    service_ = std::make_unique<FamilyService>(arena());
    const char* refusal = nullptr;
    ASSERT_TRUE(service_->start(&refusal)) << refusal;
  }

  void reap() { EXPECT_EQ(waitpid(pid_, nullptr, 0), pid_); }

  Handle cell_ = 0;
  Handle commands_ = 0;
  Handle started_ = 0;
  pid_t pid_ = 0;
  std::unique_ptr<FamilyService> service_;
};

TEST_F(ProcessesTest, TheFirstHasRecordZero) {
  EXPECT_EQ(arena().own_process(), 0);
  EXPECT_EQ(record_word(0, Process::STATE), ProcessState::LIVE);
  EXPECT_EQ(record_word(0, Process::PID), getpid());
  EXPECT_GT(start_time_of(arena(), 0), 0U);
  EXPECT_TRUE(is_alive(arena(), process_in(arena(), 0)));
}

TEST_F(ProcessesTest, AChildIsToldAndBuriedWithItsExitCode) {
  const Handle event = create(Kind::EVENT);
  const int32_t record = start([&](Isolate& child) {
    child->event_set(started_);
    if (child.finish(child->event_wait(event, WaiterMode::THREAD, kForEver)) != Outcome::GRANTED) _exit(1);
    _exit(42);
  });
  watch();
  ASSERT_EQ(main().finish(core().event_wait(started_, WaiterMode::THREAD, 60'000), 60'000), Outcome::GRANTED);
  EXPECT_TRUE(is_alive(arena(), process_in(arena(), record)));
  core().event_set(event);
  ASSERT_EQ(main().finish(core().event_wait(cell_, WaiterMode::THREAD, 60'000), 60'000), Outcome::GRANTED);
  EXPECT_EQ(word(cell_, ProcessCell::EXIT_CODE), 42);
  EXPECT_EQ(word(cell_, ProcessCell::STATUS), layout::ProcessStatus::FINISHED);
  EXPECT_TRUE(eventually([&] { return record_word(record, Process::STATE) == ProcessState::FREE; }));
  reap();
}

TEST_F(ProcessesTest, ALateWordOfAStartConcernsNobodyElse) {
  const int32_t record = start([](Isolate&) { _exit(42); });
  const ProcessId child = process_in(arena(), record);
  reap();
  core().settle_process(child, 42);
  core().bury(child);
  ASSERT_EQ(record_word(record, Process::STATE), ProcessState::FREE);
  const uint8_t name[] = {'q'};
  ASSERT_EQ(core().reserve_process({create(Kind::PROCESS), commands_, started_, 0, name}), record);
  const int32_t reserved = record_word(record, Process::STATE);
  core().confirm_process(child, pid_);
  EXPECT_EQ(record_word(record, Process::PID), 0);
  EXPECT_EQ(record_word(record, Process::STATE), reserved);
  core().cancel_process(record);
}

TEST_F(ProcessesTest, HowAChildEndedIsLearnedThoughAnotherProcessHasBuriedIt) {
  const int32_t record = start([](Isolate&) { _exit(42); });
  const ProcessId child = process_in(arena(), record);
  ASSERT_TRUE(eventually([&] { return has_ended(arena(), record); }));
  {
    // As a brother would that was quicker than this process's undertaker.
    Self brother(arena(), core().self());
    bury(brother, child);
  }
  ASSERT_EQ(record_word(record, Process::STATE), ProcessState::SWEPT);
  watch();
  ASSERT_EQ(main().finish(core().event_wait(cell_, WaiterMode::THREAD, 10'000), 10'000), Outcome::GRANTED);
  EXPECT_EQ(word(cell_, ProcessCell::EXIT_CODE), 42);
  EXPECT_TRUE(eventually([&] { return record_word(record, Process::STATE) == ProcessState::FREE; }));
  reap();
}

TEST_F(ProcessesTest, WhatAKilledChildHeldGoesOn) {
  const Handle mutex = create(Kind::MUTEX);
  const Handle semaphore = create(Kind::SEMAPHORE);
  start([&](Isolate& child) {
    child->retain(mutex);
    child->adopt(mutex);
    if (child.lock(mutex) != Outcome::GRANTED) _exit(1);
    (void)child->create(Kind::EVENT);
    (void)child->event_wait(started_, WaiterMode::LOOP, kForEver);
    child->event_set(started_);
    for (;;) (void)child.finish(child->semaphore_acquire(semaphore, WaiterMode::THREAD, kForEver));
  });
  ASSERT_EQ(main().finish(core().event_wait(started_, WaiterMode::THREAD, 60'000), 60'000), Outcome::GRANTED);
  ASSERT_TRUE(has_waiter(semaphore));
  watch();
  kill(pid_, SIGKILL);
  ASSERT_EQ(main().lock(mutex, 60'000), Outcome::GRANTED);
  EXPECT_NE(state(mutex) & layout::Mutex::OWNER_DIED, 0);
  main().unlock(mutex);
  ASSERT_EQ(main().finish(core().event_wait(cell_, WaiterMode::THREAD, 60'000), 60'000), Outcome::GRANTED);
  EXPECT_EQ(word(cell_, ProcessCell::EXIT_CODE), -SIGKILL);
  EXPECT_EQ(word(semaphore, Cell::WAITERS), 0);
  reap();
}

TEST_F(ProcessesTest, ALoopIsRungByAnotherProcess) {
  const Handle event = create(Kind::EVENT);
  const Handle go = create(Kind::EVENT);
  start([&](Isolate& child) {
    if (child.finish(child->event_wait(go, WaiterMode::THREAD, kForEver)) != Outcome::GRANTED) _exit(1);
    child->event_set(event);
  });
  std::atomic<int> rings{0};
  core().set_ringer({[](void* count) { static_cast<std::atomic<int>*>(count)->fetch_add(1); }, &rings});
  watch();
  ASSERT_TRUE(is_ticket(core().event_wait(event, WaiterMode::LOOP, kForEver)));
  core().event_set(go);
  EXPECT_TRUE(eventually([&] { return rings.load() > 0; }));
  EXPECT_EQ(main().drain().size(), 1U);
  ASSERT_EQ(main().finish(core().event_wait(cell_, WaiterMode::THREAD, 60'000), 60'000), Outcome::GRANTED);
  core().set_ringer({});
  reap();
}

TEST_F(ProcessesTest, NoGrantOfAnotherProcessIsLost) {
  const Handle semaphore = create(Kind::SEMAPHORE);
  start([&](Isolate& child) {
    for (;;) {
      if (word(semaphore, Cell::WAITERS) != 0) (void)child->semaphore_release(semaphore, 1);
    }
  });
  watch();
  expect_every_grant(main(), semaphore, 100'000 / kSanitizerSlowdown);
  kill(pid_, SIGKILL);
  ASSERT_EQ(main().finish(core().event_wait(cell_, WaiterMode::THREAD, 60'000), 60'000), Outcome::GRANTED);
  reap();
}

TEST_F(ProcessesTest, AStatusThatSomebodyElseLearnedIsTakenFromThem) {
  const int32_t record = start([](Isolate&) { _exit(7); });
  const ProcessId process = process_in(arena(), record);
  // As Node's loop does: the undertaker finds no child any more.
  reap();
  watch();
  EXPECT_TRUE(eventually([&] { return record_word(record, Process::STATE) == ProcessState::SWEPT; }));
  core().settle_process(process, 7);
  ASSERT_EQ(main().finish(core().event_wait(cell_, WaiterMode::THREAD, 60'000), 60'000), Outcome::GRANTED);
  EXPECT_EQ(word(cell_, ProcessCell::EXIT_CODE), 7);
}

TEST_F(ProcessesTest, OneThatWasNotStartedLeavesNothing) {
  const uint8_t name[] = {'p'};
  const int32_t record = core().reserve_process({cell_, commands_, started_, 0, name});
  ASSERT_GE(record, 0);
  const ProcessId process = process_in(arena(), record);
  core().cancel_process(record);
  EXPECT_EQ(record_word(record, Process::STATE), ProcessState::FREE);
  EXPECT_FALSE(is_alive(arena(), process));
  // Its claim comes too late.
  EXPECT_FALSE(claim_process(arena(), process));
}

TEST_F(ProcessesTest, RecordsRunOut) {
  const uint8_t name[] = {'p'};
  std::vector<int32_t> records;
  for (;;) {
    const int32_t record = core().reserve_process({cell_, commands_, started_, 0, name});
    if (record < 0) break;
    records.push_back(record);
  }
  EXPECT_EQ(records.size(), static_cast<size_t>(layout::MAX_PROCESSES - 1));
  for (const int32_t record : records) core().cancel_process(record);
}

// The descriptor leads a process that has nothing else to the same memory.
TEST_F(ProcessesTest, TheArenaIsInheritedByDescriptor) {
  const int passed = dup(arena().descriptor());
  ASSERT_GE(passed, 0);
  const char* refusal = nullptr;
  const auto again = Arena::open_inherited(passed, arena().nonce(), &refusal);
  ASSERT_NE(again, nullptr) << refusal;
  EXPECT_NE(again->words(), arena().words());
  const Handle event = create(Kind::EVENT);
  Isolate isolate(*again);
  isolate->event_set(event);
  EXPECT_EQ(state(event), layout::Event::SET);
}

TEST_F(ProcessesTest, WhatIsNoArenaOfTheFamilyIsRefused) {
  const char* refusal = nullptr;
  EXPECT_EQ(Arena::open_inherited(dup(arena().descriptor()), arena().nonce() + 1, &refusal), nullptr);
  EXPECT_NE(std::string(refusal).find("another family"), std::string::npos);
  EXPECT_EQ(Arena::open_inherited(open("/dev/null", O_RDWR), arena().nonce(), &refusal), nullptr);
  EXPECT_NE(std::string(refusal).find("closed or replaced"), std::string::npos);
  EXPECT_EQ(Arena::open_inherited(-1, arena().nonce(), &refusal), nullptr);
}

TEST(OsProcess, TellsWhoHasEnded) {
  EXPECT_FALSE(process_has_ended(getpid(), process_start_time(getpid())));
  // Another process has that number now.
  EXPECT_TRUE(process_has_ended(getpid(), process_start_time(getpid()) + 1));
  const pid_t child = fork();
  if (child == 0) _exit(3);
  const uint64_t started = process_start_time(child);
  int32_t code = -1;
  EXPECT_TRUE(eventually([&] { return child_status(child, code) == ChildStatus::kEnded; }));
  EXPECT_EQ(code, 3);
  EXPECT_TRUE(process_has_ended(child, started));
  EXPECT_EQ(waitpid(child, nullptr, 0), child);
  EXPECT_EQ(child_status(child, code), ChildStatus::kUnknown);
}

}  // namespace

}  // namespace heddle::test

#endif

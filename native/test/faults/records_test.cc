// Processes that are killed at every step of what they do to the records of processes: of one that they
// start, of their own, and of one that has ended; and whoever sweeps them is killed at steps of that. No
// record stays taken, no reference is left in one, and who waits for a process that has ended, or for its
// start, is told.
#include <unistd.h>

#include <array>

#include "core/cells.h"
#include "killed.h"

namespace heddle::test {

namespace {

namespace Process = layout::Process;
namespace ProcessCell = layout::ProcessCell;
namespace ProcessState = layout::ProcessState;
namespace ProcessStatus = layout::ProcessStatus;
namespace Queue = layout::Queue;

class RecordsTest : public DeathsTest {
 protected:
  // What a process may be about to do in the diary.
  static constexpr int32_t kReserve = 1;
  static constexpr int32_t kRetain = 2;
  static constexpr int32_t kConfirm = 3;
  static constexpr int32_t kSettle = 4;
  static constexpr int32_t kGive = 5;

  static constexpr int32_t kExitCode = 7;
  static constexpr uint8_t kName[] = {'c'};
  static constexpr int32_t kHandles[] = {Process::CELL,        Process::COMMANDS,    Process::STARTED,
                                         Process::PARENT_CELL, Process::MAIN_THREAD, Process::REGISTRY,
                                         Process::EXCEPTHOOK};

  // What stands for the children of those who are killed; it lives as long as the test.
  pid_t bystander_ = 0;

  void SetUp() override {
    DeathsTest::SetUp();
    settles_last_ = true;
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    bystander_ = fork();
    if (bystander_ == 0) {
      // Until the test has ended, in whichever way.
      close(ends[1]);
      char nothing = 0;
      (void)!read(ends[0], &nothing, sizeof nothing);
      _exit(0);
    }
    close(ends[0]);
    pipe_ = ends[1];
  }
  void TearDown() override {
    close(pipe_);
    EXPECT_EQ(waitpid(bystander_, nullptr, 0), bystander_);
    DeathsTest::TearDown();
  }

  int32_t record_word(int32_t record, int32_t offset) {
    return arena().word(process_word(record, offset)).load();
  }

  // What a process is to be started with, and the parent's waits for its end and its start.
  struct Family {
    Handle process;
    Handle commands;
    Handle started;
    [[nodiscard]] std::array<Handle, 3> handles() const { return {process, commands, started}; }
  };
  Family make_family() {
    const Family family = {create(Kind::PROCESS), create_queue(), create(Kind::EVENT)};
    wait_for(core().event_wait(family.process, WaiterMode::LOOP, kForEver));
    wait_for(core().event_wait(family.started, WaiterMode::LOOP, kForEver));
    return family;
  }
  static NewProcess to_start(const Family& family) {
    return {family.process, family.commands, family.started, 0, kName};
  }
  [[nodiscard]] bool is_told(const Family& family) const {
    return (state(family.process) & layout::Event::SET) != 0;
  }
  // What the parent has made; nobody has it any more but the parent, and, of the cell, somebody to whom a
  // reference was on its way.
  void give_up(const Family& family, int32_t on_its_way = 0) {
    // Whom nobody has told.
    core().event_set(family.process);
    core().event_set(family.started);
    (void)heard();
    EXPECT_GE(word(family.process, Cell::REFS), 1);
    EXPECT_LE(word(family.process, Cell::REFS), 1 + on_its_way);
    while (word(family.process, Cell::REFS) > 1) core().release(family.process);
    for (const Handle handle : family.handles()) {
      EXPECT_EQ(word(handle, Cell::REFS), 1);
      core().disown(handle);
    }
  }

  // But for that of the test's own process.
  void expect_free_records() {
    for (int32_t record = 1; record < layout::MAX_PROCESSES; record++) {
      EXPECT_EQ(record_word(record, Process::STATE), ProcessState::FREE) << record;
      for (const int32_t offset : kHandles) EXPECT_EQ(record_word(record, offset), 0) << record;
    }
    EXPECT_EQ(word(cell_, Cell::REFS), 1);
  }

 private:
  int pipe_ = -1;
};

// One is started, and ends; another one cannot be started.
TEST_F(RecordsTest, OfChildren) {
  at_each_step([&](int64_t step, int64_t sweeper_step) {
    const Family families[] = {make_family(), make_family()};
    const bool killed = play(0, sweeper_step, {}, [&](Isolate& isolate) {
      die_at(step);
      const auto reserve = [&](const Family& family) {
        diary_->about_to = kReserve;
        const int32_t record = isolate->reserve_process(to_start(family));
        EXPECT_GT(record, 0);
        diary_->write(record);
        diary_->about_to = 0;
        return record;
      };
      const int32_t record = reserve(families[0]);
      diary_->about_to = kConfirm;
      isolate->confirm_process(process_in(arena(), record), bystander_);
      diary_->count = 1;
      diary_->about_to = kRetain;
      const Handle cell = isolate->retain_process_handle(record, Process::CELL);
      EXPECT_EQ(cell, families[0].process);
      in_peace([&] { isolate->release(cell); });
      diary_->about_to = kSettle;
      const ProcessId process = process_in(arena(), record);
      isolate->settle_process(process, kExitCode);
      diary_->count = 2;
      diary_->about_to = 0;
      isolate->bury(process);
      isolate->cancel_process(reserve(families[1]));
      diary_->count = 3;
    });
    // A child of the dead that lives goes on, and is buried by others when it ends.
    for (int32_t record = 1; record < layout::MAX_PROCESSES; record++) {
      if (record_word(record, Process::STATE) == ProcessState::FREE) continue;
      EXPECT_TRUE(diary_->length == 1 && (diary_->count > 0 || diary_->about_to == kConfirm));
      EXPECT_EQ(record_word(record, Process::PID), bystander_);
      EXPECT_EQ(record_word(record, Process::CELL), families[0].process);
      EXPECT_TRUE(is_alive(arena(), process_in(arena(), record)));
      EXPECT_FALSE(has_ended(arena(), record));
      EXPECT_FALSE(is_told(families[0]));
      main()->bury(process_in(arena(), record));
    }
    expect_free_records();
    for (int32_t i = 0; i < 2; i++) {
      const Family& family = families[i];
      const bool reserved = diary_->length > i;
      EXPECT_TRUE(is_told(family) == reserved || (diary_->length == i && diary_->about_to == kReserve));
      EXPECT_EQ(word(family.process, ProcessCell::STATUS) == ProcessStatus::FINISHED, is_told(family));
      if (reserved) {
        EXPECT_EQ(state(family.started), layout::Event::SET);
        EXPECT_EQ(word(family.process, ProcessCell::RECORD), 0);
        const int32_t code = word(family.process, ProcessCell::EXIT_CODE);
        const bool settled = i == 0 && diary_->count >= 2;
        const bool may_be = i == 0 && diary_->about_to == kSettle;
        EXPECT_TRUE(code == (settled ? kExitCode : layout::UNKNOWN_EXIT_CODE) ||
                    (may_be && code == kExitCode));
      }
      give_up(family, i == 0 && diary_->about_to == kRetain ? 1 : 0);
    }
    return killed;
  });
}

// A child is killed as it begins, before its parent has said whom it has started.
TEST_F(RecordsTest, ThatAreClaimed) {
  for (const bool parent_lives : {true, false}) {
    SCOPED_TRACE(parent_lives ? "the parent lives" : "the parent has been killed");
    at_every_step(1, [&](int64_t step) {
      const Family family = make_family();
      // Has reserved the record.
      ProcessId parent{};
      if (parent_lives) {
        diary_->write(core().reserve_process(to_start(family)));
      } else {
        const Child dead = start_process([&] {
          Isolate isolate(arena());
          diary_->write(isolate->reserve_process(to_start(family)));
          raise(SIGKILL);
        });
        EXPECT_TRUE(WIFSIGNALED(end_of(dead)));
        parent = dead.process;
      }
      const ProcessId child = process_in(arena(), diary_->entries[0]);
      EXPECT_GT(child.record, 0);
      const pid_t pid = fork();
      if (pid == 0) {
        die_at(step);
        if (!claim_process(arena(), child)) _exit(100);
        { const Isolate isolate(arena()); }
        die_at(0);
        _exit(0);
      }
      siginfo_t unused;
      EXPECT_EQ(waitid(P_PID, static_cast<id_t>(pid), &unused, WEXITED | WNOWAIT), 0);
      if (parent_lives) {
        main()->confirm_process(child, pid);
      } else {
        bury(parent);
      }
      // Nobody may have known of it: then it is buried with its parent.
      const bool known = is_alive(arena(), child);
      EXPECT_TRUE(known || !parent_lives);
      if (known) {
        EXPECT_EQ(record_word(child.record, Process::PID), pid);
        EXPECT_TRUE(has_ended(arena(), child.record));
      }
      int status = 0;
      EXPECT_EQ(waitpid(pid, &status, 0), pid);
      EXPECT_TRUE(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
      EXPECT_TRUE(known || WIFSIGNALED(status));
      main()->bury(child);
      if (parent_lives) {
        EXPECT_TRUE(wants_status(arena(), child.record));
        EXPECT_FALSE(is_told(family));
        main()->settle_process(child, kExitCode);
        EXPECT_EQ(word(family.process, ProcessCell::EXIT_CODE), kExitCode);
      }
      EXPECT_TRUE(is_told(family));
      EXPECT_FALSE(claim_process(arena(), child)) << "too late";
      expect_free_records();
      give_up(family);
      return static_cast<bool>(WIFSIGNALED(status));
    });
    if (HasFailure()) return;
  }
}

// The first of a family has no parent who has made a cell for it.
TEST_F(RecordsTest, OfAProcessThatGetsItsCellLate) {
  at_each_step([&](int64_t step, int64_t sweeper_step) {
    const Family family = make_family();
    const bool killed = play(0, sweeper_step, {}, [&](Isolate& isolate) {
      const int32_t own = arena().own_process();
      Self self(arena(), isolate->self());
      drop_reference(self, self.slot, cell_, process_word(own, Process::CELL));
      arena().set(process_word(own, Process::PARENT), 0);
      die_at(step);
      diary_->about_to = kGive;
      isolate->give_process_cell(family.process);
      diary_->count = 1;
      diary_->about_to = 0;
      // It has one.
      isolate->give_process_cell(family.process);
      EXPECT_EQ(isolate->retain_process_handle(own, Process::COMMANDS), 0);
    });
    expect_free_records();
    EXPECT_TRUE(is_told(family) == (diary_->count == 1) || diary_->about_to == kGive);
    if (is_told(family)) {
      EXPECT_EQ(word(family.process, ProcessCell::STATUS), ProcessStatus::FINISHED);
    }
    give_up(family);
    return killed;
  });
}

}  // namespace

}  // namespace heddle::test

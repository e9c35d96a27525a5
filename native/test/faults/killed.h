// Isolates in processes that kill themselves at a chosen step of the core (see core/step.h), and what must be
// true of the arena when they have been swept.
#pragma once

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <map>
#include <random>
#include <set>

#include "../core_fixture.h"
#include "core/processes.h"
#include "core/step.h"

namespace heddle::test {

namespace Node = layout::Node;
namespace Slot = layout::Slot;

// What a process that will be killed writes down, for its parent to read.
struct Diary {
  // Things that it has, and whether it is about to change that.
  std::atomic<int32_t> count;
  std::atomic<int32_t> about_to;
  std::atomic<int32_t> length;
  std::atomic<int32_t> entries[256];

  void write(int32_t entry) {
    entries[length.load()].store(entry);
    length.fetch_add(1);
  }
};

template <class T>
T* shared_page() {
  void* page = mmap(nullptr, (sizeof(T) + 4095) / 4096 * 4096, PROT_READ | PROT_WRITE,
                    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  return new (page) T();
}

class KilledTest : public CoreTest {
 protected:
  using Random = std::mt19937;

  // The parent's waiters, each with a promise of its own.
  std::set<int32_t> waiting_;
  Diary* diary_ = shared_page<Diary>();
  // Of the heap: what one who is killed may leave taken, see docs/recovery.md.
  int64_t most_left_bytes_ = 0;
  // Of the processes that are started.
  Handle cell_ = 0;
  // Whether a process is buried before it is said how it ended: who was killed may have the guard of the
  // records, for which that waits.
  bool settles_last_ = false;
  // The last one that was to be killed.
  ProcessId child_{};

  ~KilledTest() override { munmap(diary_, (sizeof(Diary) + 4095) / 4096 * 4096); }

  void SetUp() override {
    CoreTest::SetUp();
    cell_ = create(Kind::PROCESS);
  }
  void TearDown() override {
    RecordProperty("killed", killed_);
    CoreTest::TearDown();
  }

  struct Child {
    ProcessId process;
    pid_t pid;
  };
  // Runs `body` in a process of the family.
  template <class Body>
  Child start_process(Body body) {
    const uint8_t name[] = {'p'};
    const int32_t record = main()->reserve_process({cell_, 0, 0, 0, name});
    EXPECT_GE(record, 0);
    const ProcessId process = process_in(arena(), record);
    const pid_t pid = fork();
    if (pid == 0) {
      if (!claim_process(arena(), process)) _exit(100);
      body();
      _exit(testing::Test::HasFailure() ? 1 : 0);
    }
    main()->confirm_process(process, pid);
    return {process, pid};
  }
  // Waits for its end; what waitpid() says.
  int end_of(const Child& child) {
    int status = 0;
    EXPECT_EQ(waitpid(child.pid, &status, 0), child.pid);
    if (!settles_last_) main()->settle_process(child.process, 0);
    return status;
  }
  void bury(ProcessId process) {
    main()->bury(process);
    if (settles_last_) main()->settle_process(process, 0);
  }

  // Has the calling process die at that step from now on.
  void die_at(int64_t step) {
    left_ = step;
    die_at_step(step);
  }
  // What is not killed: what JavaScript does between two calls of the core with references that no sweep
  // knows of.
  template <class Body>
  void in_peace(Body body) {
    left_ -= steps_done();
    die_at_step(0);
    body();
    die_at_step(left_);
  }

  // Runs `body` in a process that kills itself at that step. Whether it did.
  template <class Body>
  bool is_killed_at(int64_t step, Body body) {
    const Child child = start_process([&] {
      die_at(step);
      body();
      die_at(0);
    });
    child_ = child.process;
    const int status = end_of(child);
    if (WIFSIGNALED(status)) {
      EXPECT_EQ(WTERMSIG(status), SIGKILL);
      killed_++;
      return true;
    }
    EXPECT_EQ(WEXITSTATUS(status), 0);
    return false;
  }

  // The tickets of a list in their order, whose links must be whole.
  std::vector<Handle> linked(Handle object, int32_t list = Cell::WAITERS) {
    std::vector<Handle> nodes;
    const Handle first = word(object, list);
    for (Handle node = first; node != 0;) {
      nodes.push_back(node);
      EXPECT_EQ(word(node, Cell::KIND), Kind::NODE);
      EXPECT_EQ(word(node, Node::CELL), object);
      const Handle next = word(node, Node::NEXT);
      EXPECT_EQ(word(next, Node::PREVIOUS), node);
      if (next == first || nodes.size() > 100) break;
      node = next;
    }
    return nodes;
  }

  // The parent's tickets wait or are over, and nobody else waits.
  void check_lists(Handle object, std::initializer_list<int32_t> lists) {
    EXPECT_EQ(word(object, Cell::GUARD), 0);
    std::set<Handle> in_line;
    for (const int32_t list : lists) {
      for (const Handle node : linked(object, list)) {
        EXPECT_TRUE(waiting_.contains(node)) << "somebody else waits";
        EXPECT_TRUE(in_line.insert(node).second);
      }
    }
    for (const Handle ticket : waiting_) {
      EXPECT_EQ(word(ticket, Node::STATE) == layout::NodeState::WAITING, in_line.contains(ticket));
    }
  }

  // The parent's tickets that are over; each once.
  std::vector<Ready> heard() {
    std::vector<Ready> ready = main().drain();
    for (const Ready& one : ready) EXPECT_EQ(waiting_.erase(one.ticket), 1U) << "told twice";
    return ready;
  }
  void wait_for(int32_t begun) {
    if (is_ticket(begun)) waiting_.insert(begun);
  }

  // Runs `round` with the deaths at step 1, 2, 3 … until the process lives to the end of it; `round` returns
  // whether it was killed. Nothing may be left of any of them. The step at which it lived.
  template <class Round>
  int64_t at_every_step(int64_t stride, Round round) {
    for (int64_t step = 1;; step += stride) {
      SCOPED_TRACE("killed at step " + std::to_string(step));
      const int32_t cells = cells_live();
      const int64_t bytes = arena().heap().live_bytes();
      const int32_t slots = arena().get(layout::Header::SLOTS_LIVE);
      const int32_t rings = arena().get(layout::Header::RINGS_LIVE);
      diary_->count = 0;
      diary_->about_to = 0;
      diary_->length = 0;
      const bool killed = round(step);
      EXPECT_EQ(cells_live(), cells);
      const int64_t more = arena().heap().live_bytes() - bytes;
      EXPECT_GE(more, 0);
      EXPECT_LE(more, most_left_bytes_);
      left_bytes_ += more;
      EXPECT_EQ(arena().get(layout::Header::SLOTS_LIVE), slots);
      EXPECT_EQ(arena().get(layout::Header::RINGS_LIVE), rings);
      EXPECT_EQ(arena().get(layout::Header::CELLS_GUARD), 0);
      EXPECT_EQ(arena().get(layout::Header::SLOTS_GUARD), 0);
      EXPECT_EQ(arena().get(layout::Header::RINGS_GUARD), 0);
      EXPECT_EQ(arena().get(layout::Header::PROCESSES_GUARD), 0);
      if (HasFailure()) return step;
      if (!killed) {
        EXPECT_GT(step, 20);
        return step;
      }
    }
  }

  // Plays out one death: `body(isolate)` in a process that dies at `step`, then the sweep, by one that dies
  // at `sweeper_step` (0: does not), then by the parent. Whether the one, or where it is to die the other,
  // was killed.
  template <class Body>
  bool play(int64_t step, int64_t sweeper_step, std::initializer_list<Handle> objects, Body body) {
    const bool killed = is_killed_at(step, [&] {
      auto isolate = std::make_unique<Isolate>(arena());
      // Between the two the reference is a message's, which no sweep knows of.
      in_peace([&] {
        for (const Handle object : objects) {
          (*isolate)->retain(object);
          (*isolate)->adopt(object);
        }
      });
      body(*isolate);
    });
    const ProcessId dead = child_;
    bool sweeper_killed = false;
    if (sweeper_step != 0) {
      sweeper_killed = is_killed_at(sweeper_step, [&] {
        auto sweeper = std::make_unique<Isolate>(arena());
        (*sweeper)->bury(dead);
      });
      bury(child_);
    }
    bury(dead);
    return sweeper_step != 0 ? sweeper_killed : killed;
  }

 private:
  // Of the calling process, to its death.
  int64_t left_ = 0;
  int killed_ = 0;
};

inline constexpr int kOperations = 10;

// One script is killed at every step, and one sweeper; the others at each fourth; HEDDLE_EVERY_STEP=1: all at
// every step.
inline int64_t stride() {
  const char* text = std::getenv("HEDDLE_EVERY_STEP");
  return text != nullptr && *text == '1' ? 1 : 4;
}

class DeathsTest : public KilledTest {
 protected:
  // Deaths at every step of scripts of some seeds, then of their sweepers. `round(seed, step, sweeper_step)`
  // returns whether the one that was to be killed was.
  template <class Round>
  void everywhere(Round round) {
    for (unsigned seed = 1; seed <= 3 && !HasFailure(); seed++) {
      SCOPED_TRACE("seed " + std::to_string(seed));
      at_every_step(seed == 1 ? 1 : stride(), [&](int64_t step) { return round(seed, step, int64_t{0}); });
    }
    Random random(1);
    for (unsigned seed = 1; seed <= 3 && !HasFailure(); seed++) {
      const auto step = static_cast<int64_t>(100 + random() % 800);
      SCOPED_TRACE("seed " + std::to_string(seed) + ", swept after step " + std::to_string(step));
      at_every_step(seed == 1 ? 1 : stride(),
                    [&](int64_t sweeper_step) { return round(seed, step, sweeper_step); });
    }
  }

  // The same where the seed does not matter: deaths at every step, then, after a few of them, of the
  // sweepers. `round(step, sweeper_step)`.
  template <class Round>
  void at_each_step(Round round) {
    const int64_t last = at_every_step(1, [&](int64_t step) { return round(step, int64_t{0}); });
    constexpr int kParts = 4;
    for (int part = 1; part < kParts && !HasFailure(); part++) {
      const int64_t step = last * part / kParts;
      SCOPED_TRACE("swept after step " + std::to_string(step));
      at_every_step(stride() == 1 ? 1 : kSweeperStride,
                    [&](int64_t sweeper_step) { return round(step, sweeper_step); });
    }
  }

 private:
  // A prime: other steps of each part than of the next.
  static constexpr int64_t kSweeperStride = 13;
};

}  // namespace heddle::test

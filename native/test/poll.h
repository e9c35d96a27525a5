// An event loop for tests: what it polls with, and how it turns.
#pragma once

#include <condition_variable>
#include <mutex>
#include <random>

#include "core/spin.h"
#include "core_fixture.h"

namespace heddle::test {

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

// The loop waits for permits, turn after turn, while somebody else grants them as soon as it does: every
// grant must reach it. It tarries a little, now more, now less, and blocks only in some of its turns, so that
// pushes meet it at every step.
inline void expect_every_grant(Isolate& loop, Handle semaphore, int turns) {
  Poll poll(loop);
  loop->loop_attends();
  std::minstd_rand random(7);
  size_t waiting = 0;
  for (int turn = 0; turn < turns; turn++) {
    while (waiting < 1 + random() % 2) {
      // Else a permit has come for nobody, and is now used up.
      if (is_ticket(loop->semaphore_acquire(semaphore, WaiterMode::LOOP, kForEver))) waiting++;
    }
    for (unsigned pause = random() % 32; pause > 0; pause--) cpu_relax();
    const bool asleep = random() % 8 != 0 && loop->loop_falls_asleep();
    if (!poll.wait(asleep)) {
      ADD_FAILURE() << "turn " << turn << ": slept on a grant";
      return;
    }
    if (asleep) loop->loop_wakes();
    waiting -= loop.drain().size();
  }
}

}  // namespace heddle::test

// The two threads by which a process takes part in a family of several: bell ringer and undertaker. They
// run from the moment the process has company until its last isolate leaves.
#pragma once

#include "bell_ringer.h"
#include "undertaker.h"

namespace heddle {

class FamilyService {
 public:
  explicit FamilyService(Arena& arena) : undertaker_(arena), ringer_(arena, undertaker_) {}
  FamilyService(const FamilyService&) = delete;
  FamilyService& operator=(const FamilyService&) = delete;

  // False, with the reason, when the system or the arena has no room for them.
  [[nodiscard]] bool start(const char** refusal) {
    if (running_) return true;
    if (!undertaker_.start(refusal)) return false;
    running_ = ringer_.start();
    if (!running_) {
      undertaker_.stop();
      *refusal = "the system has no thread left";
    }
    return running_;
  }

  void stop() {
    if (!running_) return;
    // The ringer wakes the undertaker: it goes first.
    ringer_.stop();
    undertaker_.stop();
    running_ = false;
  }

 private:
  Undertaker undertaker_;
  BellRinger ringer_;
  bool running_ = false;
};

}  // namespace heddle

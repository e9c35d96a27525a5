// The bell ringer: a thread of each process that has others in its family. It sleeps on the process's
// DOORBELL word and passes on what they have to tell: to event loops that something is ready for them,
// to the undertaker that processes have come.
//
//   other process                              bell ringer
//   ─────────────                              ───────────
//   push a node on the slot's ready stack      bits = exchange(DOORBELL, 0); 0 → sleep
//   DOORBELL |= LOOPS; new? futex wake    ──►  ring each own loop that has something ready, or is RUNG
//                                              (loop_state.h) and would else sleep on
//
// Who sets a bit that is set already need not wake: it is not taken yet, and what it is about is looked
// for after it is taken.
#pragma once

#include "arena.h"
#include "os_thread.h"

namespace heddle {

class Undertaker;

class BellRinger {
 public:
  BellRinger(Arena& arena, Undertaker& undertaker) : arena_(arena), undertaker_(undertaker) {}
  BellRinger(const BellRinger&) = delete;
  BellRinger& operator=(const BellRinger&) = delete;

  // False when the system gives no thread.
  [[nodiscard]] bool start();
  void stop();

 private:
  void run();
  void ring_loops();

  Arena& arena_;
  Undertaker& undertaker_;
  OsThread thread_;
};

}  // namespace heddle

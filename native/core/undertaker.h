// The undertaker: a thread of each process that has others in its family. It watches them all, buries
// those that end (see processes.h), whatever the process's own threads are doing meanwhile, and learns how
// the children of this process have ended.
//
// How a child has ended is known to the system until somebody waits for it. Node's event loop does, at
// a moment of its own; when it was quicker, it says so to settle_status(), and the undertaker gives it
// kStatusNs for that.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "os_thread.h"
#include "processes.h"

namespace heddle {

class Undertaker {
 public:
  explicit Undertaker(Arena& arena) : arena_(arena) {}
  Undertaker(const Undertaker&) = delete;
  Undertaker& operator=(const Undertaker&) = delete;

  // False, with the reason, when there is no slot, descriptor or thread to be had.
  [[nodiscard]] bool start(const char** refusal);
  void stop();
  // Has it look for processes that have come. From any thread.
  void wake();

 private:
  struct Watched {
    ProcessId process;
    int32_t pid;
    uint64_t start_time;
    // -1: none to be had, or ended.
    int descriptor;
    bool is_child;
    // Buried, and since then nobody knew how it had ended until `give_up_ns`.
    bool has_ended;
    int64_t give_up_ns;
  };

  void run();
  // Enters processes that are new.
  void find_processes();
  [[nodiscard]] bool is_watched(ProcessId process) const;
  // Sleeps until one may have ended.
  void sleep();
  void bury_who_ended();
  void meet_end(Watched& watched);
  [[nodiscard]] bool is_done_with(Watched& watched);
  // A daemonic process ends when its parent has.
  void follow_parent();

  Arena& arena_;
  OsThread thread_;
  std::atomic<bool> stopping_{false};
  int wake_descriptor_ = -1;
  std::unique_ptr<Self> self_;
  std::vector<Watched> watched_;
  bool asked_to_end_ = false;
  int64_t kill_at_ns_ = 0;
};

}  // namespace heddle

// See undertaker.h.
#include "undertaker.h"

#ifdef __linux__
#  include <poll.h>
#  include <signal.h>
#  include <sys/eventfd.h>
#  include <unistd.h>
#endif

#include <algorithm>
#include <cerrno>

#include "deadline.h"
#include "os_process.h"
#include "thread_slots.h"

namespace heddle {

using namespace layout;

#ifdef __linux__

namespace {

constexpr int64_t kStatusNs = 1'000'000'000;
// A daemonic process whose parent has ended has so long after SIGTERM to end by itself.
constexpr int64_t kGraceNs = 2'000'000'000;
// Where the system does not tell of an end, it is asked this often.
constexpr int kAskAgainMs = 100;

}  // namespace

bool Undertaker::start(const char** refusal) {
  const int32_t slot = attach_slot(arena_);
  if (slot < 0) {
    *refusal = "all slots of the arena are taken: 512 isolates are attached";
    return false;
  }
  self_ = std::make_unique<Self>(arena_, slot);
  wake_descriptor_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  stopping_ = false;
  if (wake_descriptor_ >= 0 &&
      thread_.start([](void* undertaker) { static_cast<Undertaker*>(undertaker)->run(); }, this)) {
    return true;
  }
  *refusal =
      wake_descriptor_ < 0 ? "the system has no file descriptor left" : "the system has no thread left";
  if (wake_descriptor_ >= 0) close(wake_descriptor_);
  sweep_slot(*self_, slot, arena_.get(slot_word(slot, Slot::GENERATION)));
  self_ = nullptr;
  return false;
}

void Undertaker::stop() {
  stopping_ = true;
  wake();
  thread_.join();
  for (const Watched& watched : watched_) {
    if (watched.descriptor >= 0) close(watched.descriptor);
  }
  watched_.clear();
  close(wake_descriptor_);
  sweep_slot(*self_, self_->slot, arena_.get(slot_word(self_->slot, Slot::GENERATION)));
  self_ = nullptr;
}

void Undertaker::wake() {
  const uint64_t one = 1;
  // Fails only when it is woken already, 2^64 times.
  [[maybe_unused]] const ssize_t written = write(wake_descriptor_, &one, sizeof one);
}

void Undertaker::run() {
  set_thread_name("heddle-watch");
  while (!stopping_) {
    find_processes();
    // Before it buries anybody: those who are about to end are no help with that.
    follow_parent();
    bury_who_ended();
    // And after, lest it sleeps although the parent has ended in the meantime, when the end of the parent,
    // who is buried and no longer watched, would not wake it.
    follow_parent();
    sleep();
  }
}

void Undertaker::find_processes() {
  const int32_t top = arena_.word(Header::PROCESSES_TOP).load(std::memory_order_acquire);
  for (int32_t record = 0; record < top; record++) {
    const ProcessId process = process_in(arena_, record);
    if (record == arena_.own_process()) continue;
    // A child may have ended at once, and have been buried by another process before it is looked for here:
    // how it ended only this one can learn.
    if (!is_alive(arena_, process) && !wants_status(arena_, record)) continue;
    // acquire: pairs with identify().
    const int32_t pid = arena_.word(process_word(record, Process::PID)).load(std::memory_order_acquire);
    if (pid == 0 || is_watched(process)) continue;
    const bool is_child = parent_of(arena_, record) == process_in(arena_, arena_.own_process());
    watched_.push_back({process, pid, start_time_of(arena_, record), open_process(pid), is_child, false, 0});
    // The identifier may have been given to another process before it was opened.
    if (process_has_ended(pid, watched_.back().start_time)) meet_end(watched_.back());
  }
}

bool Undertaker::is_watched(ProcessId process) const {
  return std::any_of(watched_.begin(), watched_.end(),
                     [&](const Watched& watched) { return watched.process == process; });
}

void Undertaker::sleep() {
  std::vector<pollfd> files{{wake_descriptor_, POLLIN, 0}};
  bool asks_again = asked_to_end_;
  for (const Watched& watched : watched_) {
    if (watched.descriptor >= 0) {
      files.push_back({watched.descriptor, POLLIN, 0});
    } else {
      asks_again = true;
    }
  }
  if (poll(files.data(), files.size(), asks_again ? kAskAgainMs : -1) > 0 && files[0].revents != 0) {
    uint64_t count = 0;
    [[maybe_unused]] const ssize_t got = read(wake_descriptor_, &count, sizeof count);
  }
}

void Undertaker::bury_who_ended() {
  for (Watched& watched : watched_) {
    if (watched.has_ended) continue;
    bool ended = false;
    if (watched.descriptor >= 0) {
      pollfd file{watched.descriptor, POLLIN, 0};
      ended = poll(&file, 1, 0) > 0;
    } else {
      ended = process_has_ended(watched.pid, watched.start_time);
    }
    if (ended) meet_end(watched);
  }
  watched_.erase(std::remove_if(watched_.begin(), watched_.end(),
                                [this](Watched& watched) { return is_done_with(watched); }),
                 watched_.end());
}

void Undertaker::meet_end(Watched& watched) {
  watched.has_ended = true;
  if (watched.descriptor >= 0) close(watched.descriptor);
  watched.descriptor = -1;
  if (watched.is_child) {
    int32_t code = 0;
    if (child_status(watched.pid, code) == ChildStatus::kEnded) {
      settle_status(*self_, watched.process, code);
    } else {
      watched.give_up_ns = monotonic_ns() + kStatusNs;
    }
  }
  bury(*self_, watched.process);
}

bool Undertaker::is_done_with(Watched& watched) {
  if (!watched.has_ended) {
    // Buried by another process.
    if (is_alive(arena_, watched.process) || watched.is_child) return false;
    if (watched.descriptor >= 0) close(watched.descriptor);
    return true;
  }
  const bool is_left = process_in(arena_, watched.process.record) != watched.process;
  if (is_left || watched.give_up_ns == 0) return true;
  if (monotonic_ns() < watched.give_up_ns) return false;
  settle_status_unseen(*self_, watched.process);
  return true;
}

void Undertaker::follow_parent() {
  const int32_t own = arena_.own_process();
  const ProcessId parent = parent_of(arena_, own);
  if ((arena_.get(process_word(own, Process::FLAGS)) & ProcessFlag::DAEMON) == 0) return;
  if (parent.record < 0 || (is_alive(arena_, parent) && !has_ended(arena_, parent.record))) return;
  if (!asked_to_end_) {
    asked_to_end_ = true;
    kill_at_ns_ = monotonic_ns() + kGraceNs;
    signal_process(process_id(), SIGTERM);
  } else if (monotonic_ns() >= kill_at_ns_) {
    signal_process(process_id(), SIGKILL);
  }
}

#else

bool Undertaker::start(const char** refusal) {
  *refusal = "processes share no memory on this system";
  return false;
}
void Undertaker::stop() {}
void Undertaker::wake() {}

#endif

}  // namespace heddle

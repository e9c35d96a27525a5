// See waiting.h.
#include "waiting.h"

#include "barrier.h"
#include "cells.h"
#include "event.h"
#include "futex.h"
#include "loop_state.h"
#include "mutex.h"
#include "processes.h"
#include "queue.h"
#include "semaphore.h"

namespace heddle {

using namespace layout;

namespace {

constexpr int64_t kNsPerMs = 1'000'000;
// Later than any time.
constexpr uint64_t kNotYet = INT64_MAX;
constexpr int64_t kExitingSliceNs = 1 * kNsPerMs;

int32_t* state_address(const Self& self, Handle node) {
  return &self.arena.words()[node + Node::STATE];
}

bool is_outcome(int32_t state) {
  return state != NodeState::WAITING && state != NodeState::ASLEEP && state != NodeState::RETRY;
}

// Says, for diagnosis and for begin_exit(), what the slot's thread is blocked on.
class Blocked {
 public:
  Blocked(const Self& self, Handle node) : self_(self) {
    set(Slot::WAITING_ON, self.get(node, Node::CELL));
    // seq_cst: matches begin_exit(), which sets EXITING and then looks for blocked nodes; here the
    // node is named and then EXITING read. One of the two sees the other.
    self.arena.word(slot_word(self.slot, Slot::THREAD_NODE)).store(node, std::memory_order_seq_cst);
  }
  ~Blocked() {
    set(Slot::THREAD_NODE, 0);
    set(Slot::WAITING_ON, 0);
  }
  Blocked(const Blocked&) = delete;
  Blocked& operator=(const Blocked&) = delete;

 private:
  void set(int32_t offset, int32_t value) { self_.arena.set(slot_word(self_.slot, offset), value); }
  const Self& self_;
};

// What leaving a list means for the object.
void after_unlink(Self& self, const Guard& guard, Wakes& wakes, Handle object, Handle node, int32_t state) {
  switch (self.get(object, Cell::KIND)) {
    case Kind::MUTEX:
      mutex_waiter_left(self, guard, wakes, object, state == NodeState::RETRY);
      break;
    case Kind::SEMAPHORE:
      semaphore_waiter_left(self, guard, object);
      break;
    case Kind::EVENT:
    case Kind::THREAD:
    case Kind::PROCESS:
      event_waiter_left(self, guard, object);
      break;
    case Kind::BARRIER:
      barrier_waiter_left(self, guard, wakes, object);
      break;
    case Kind::QUEUE:
      queue_waiter_left(self, guard, wakes, object, self.get(node, Node::LIST));
      break;
    default:
      break;
  }
}

// A waiter that was told looks again: true when it has what it waited for, and has left the list.
bool retry(Self& self, Handle node, Deadline deadline) {
  Handle object = self.get(node, Node::CELL);
  if (self.get(object, Cell::KIND) == Kind::QUEUE) return queue_retry(self, object, node);
  return mutex_retry(self, object, node, deadline);
}

// The isolate is about to learn of an outcome: from now on it answers for what it was granted.
void deliver(Self& self, Handle node, OutcomeCode outcome) {
  int32_t list = self.get(node, Node::LIST);
  if (outcome != Outcome::GRANTED || (list != Queue::GETTERS && list != Queue::PUTTERS)) return;
  Handle object = self.get(node, Node::CELL);
  if (self.get(object, Cell::KIND) == Kind::QUEUE) self.reservations.note(object, list);
}

// The end of the slice of waiting that begins now: see SLICE_MS. The longest ones end at the same moment
// for all threads, which costs less than waking for each of them at a time of its own.
Deadline end_of_slice(int64_t now, int64_t since, bool exiting) {
  if (exiting) return Deadline::at(now + kExitingSliceNs);
  const int64_t slice = (now - since) / 4;
  if (slice < SLICE_MS * kNsPerMs) return Deadline::at(now + SLICE_MS * kNsPerMs);
  constexpr int64_t kLongest = LONGEST_SLICE_MS * kNsPerMs;
  return Deadline::at(slice < kLongest ? now + slice : (now / kLongest + 1) * kLongest);
}

OutcomeCode collect(Self& self, Handle node, OutcomeCode outcome) {
  self.out[0] = self.get(node, Node::VALUE);
  deliver(self, node, outcome);
  free_node(self, node);
  return outcome;
}

}  // namespace

void Wakes::thread(Handle node) {
  if (threads_ == kMany) flush();
  nodes_[threads_++] = node;
}

void Wakes::loop(int32_t slot) {
  if (loops_ == kMany) flush();
  slots_[loops_++] = slot;
}

bool Wakes::rings(int32_t slot) const {
  return slot != self_.slot || scope_ == kOwnLoopToo;
}

void Wakes::flush() {
  for (int i = 0; i < threads_; i++) futex_wake_one(state_address(self_, nodes_[i]));
  for (int i = 0; i < loops_; i++) {
    if (Loop(self_.arena, slots_[i]).needs_ring()) ring_loop(self_.arena, slots_[i]);
  }
  threads_ = 0;
  loops_ = 0;
}

Handle link_waiter(Self& self, const Guard& guard, Handle object, int32_t list, Mode mode) {
  Handle node = 0;
  if (mode == WaiterMode::THREAD && self.spare_node != 0) {
    node = self.spare_node;
    self.spare_node = 0;
  } else {
    node = allocate_cell(self.arena);
    if (node == 0) return 0;
    self.set(node, Node::SLOT, self.slot);
    // release: a sweep that sees the kind sees whose node it is.
    self.word(node, Cell::KIND).store(Kind::NODE, std::memory_order_release);
  }
  retain(self, object);
  self.set(node, Node::STATE, NodeState::WAITING);
  self.set(node, Node::MODE, mode);
  self.set(node, Node::VALUE, 0);
  self.set(node, Node::CELL, object);
  push_back(self, guard, object, list, node);
  return node;
}

void finish(Self& self, const Guard& guard, Wakes& wakes, Handle object, Handle node, OutcomeCode outcome,
            int32_t value) {
  unlink(self, guard, object, node);
  self.set(node, Node::VALUE, value);
  auto state = self.word(node, Node::STATE);
  if (self.get(node, Node::MODE) == WaiterMode::THREAD) {
    // release: the waiter sees the value, and all that led to the grant. Not to be touched after:
    // its owner may have freed it. A wake-up by address is harmless even then.
    if (state.exchange(outcome, std::memory_order_acq_rel) == NodeState::ASLEEP) {
      wakes.thread(node);
    }
    return;
  }
  int32_t slot = self.get(node, Node::SLOT);
  state.store(outcome, std::memory_order_release);
  auto ready = self.arena.word(slot_word(slot, Slot::READY));
  int32_t top = ready.load(std::memory_order_relaxed);
  do {
    self.set(node, Node::READY_NEXT, top);
    // A: seq_cst, matches a loop that stops polling: it stores POLLING = 0 and then looks at READY
    // once more. Either it sees this push or POLLING is read as 0 below. So with a loop that goes to sleep:
    // this is G1 of loop_state.h.
  } while (!ready.compare_exchange_weak(top, node, std::memory_order_seq_cst, std::memory_order_relaxed));
  // Not empty before: whoever pushed first sees to it. The own loop is told by the caller.
  if (top == 0 && wakes.rings(slot) &&
      self.arena.word(slot_word(slot, Slot::POLLING)).load(std::memory_order_seq_cst) == 0) {
    wakes.loop(slot);
  }
}

void finish_all(Self& self, const Guard& guard, Wakes& wakes, Handle object, int32_t list,
                OutcomeCode outcome) {
  while (Handle node = first_waiter(self, guard, object, list)) {
    finish(self, guard, wakes, object, node, outcome);
  }
}

void tell_to_retry(Self& self, Wakes& wakes, Handle node) {
  auto state = self.word(node, Node::STATE);
  if (state.load(std::memory_order_relaxed) == NodeState::RETRY) return;
  // release: nothing is handed over, but the waiter must see what it is told of.
  if (state.exchange(NodeState::RETRY, std::memory_order_acq_rel) == NodeState::ASLEEP) {
    wakes.thread(node);
  }
}

void start_clock(const Self& self, Handle node) {
  since(self, node).store(static_cast<uint64_t>(monotonic_ns()), std::memory_order_relaxed);
}

void hold_clock(const Self& self, Handle node) {
  since(self, node).store(kNotYet, std::memory_order_relaxed);
}

bool is_clock_running(const Self& self, Handle node) {
  return since(self, node).load(std::memory_order_relaxed) != kNotYet;
}

bool is_overdue(const Self& self, Handle node, int64_t after_ns) {
  auto began = static_cast<int64_t>(since(self, node).load(std::memory_order_relaxed));
  return monotonic_ns() - began >= after_ns;
}

void step_up(const Self& self, const Guard& guard, Handle object, int32_t list) {
  if (Handle first = first_waiter(self, guard, object, list)) start_clock(self, first);
}

OutcomeOrTicket settle(Self& self, Handle node, Mode mode, Deadline deadline, bool spin) {
  if (mode == WaiterMode::LOOP) return node;
  OutcomeCode outcome = wait(self, node, deadline, spin);
  return outcome == Outcome::PENDING ? node : outcome;
}

OutcomeCode wait(Self& self, Handle node, Deadline deadline, bool spin) {
  const bool goes_on = self.blocked_on == node;
  self.blocked_on = 0;
  if (!goes_on) self.blocked_since_ns = monotonic_ns();
  auto state = self.word(node, Node::STATE);
  auto exiting = self.arena.word(process_word(self.arena.own_process(), Process::EXITING));
  const bool was_exiting = exiting.load(std::memory_order_relaxed) != 0;
  // A thread that has slept before, as in a slice before this one, goes straight back to sleep.
  if (spin && !goes_on && state.load(std::memory_order_acquire) == NodeState::WAITING) {
    (void)self.spinner.spin(deadline,
                            [&] { return state.load(std::memory_order_acquire) != NodeState::WAITING; });
  }
  const Deadline slice = end_of_slice(monotonic_ns(), self.blocked_since_ns, was_exiting);
  const auto pending = [&] {
    self.blocked_on = node;
    return Outcome::PENDING;
  };
  for (;;) {
    // acquire: pairs with finish().
    int32_t seen = state.load(std::memory_order_acquire);
    if (is_outcome(seen)) return collect(self, node, seen);
    if (seen == NodeState::RETRY) {
      if (retry(self, node, deadline.earlier(slice))) {
        return collect(self, node, Outcome::GRANTED);
      }
      continue;
    }
    if (deadline.passed()) return cancel(self, node);
    if (slice.passed()) return pending();
    // relaxed: only announces that somebody sleeps; finish() reads it from the same word.
    if (seen == NodeState::WAITING &&
        !state.compare_exchange_strong(seen, NodeState::ASLEEP, std::memory_order_relaxed)) {
      continue;
    }
    Blocked blocked(self, node);
    if (!was_exiting && exiting.load(std::memory_order_seq_cst) != 0) return pending();
    futex_wait(state_address(self, node), NodeState::ASLEEP, deadline.earlier(slice));
  }
}

OutcomeCode withdraw(Self& self, Handle node) {
  Handle object = self.get(node, Node::CELL);
  const bool blocked = self.get(node, Node::MODE) == WaiterMode::THREAD;
  Wakes wakes(self, blocked ? Wakes::kOwnLoopToo : Wakes::kOthers);
  Guard guard(self, object);
  int32_t state = self.get(node, Node::STATE);
  if (!is_linked(self, guard, node)) return state;
  unlink(self, guard, object, node);
  self.set(node, Node::VALUE, 0);
  after_unlink(self, guard, wakes, object, node, state);
  return Outcome::TIMED_OUT;
}

OutcomeCode cancel(Self& self, Handle node) {
  self.blocked_on = 0;
  OutcomeCode outcome = withdraw(self, node);
  self.out[0] = self.get(node, Node::VALUE);
  deliver(self, node, outcome);
  if (outcome != Outcome::TIMED_OUT && self.get(node, Node::MODE) == WaiterMode::LOOP) {
    // It lies on the ready stack, from which only drain() takes it.
    release(self, self.get(node, Node::CELL));
    self.set(node, Node::CELL, 0);
  } else {
    free_node(self, node);
  }
  return outcome;
}

size_t drain(Self& self, std::span<Ready> ready) {
  size_t count = 0;
  while (count < ready.size()) {
    if (self.backlog == 0) {
      auto stack = self.arena.word(slot_word(self.slot, Slot::READY));
      // The cheap look first: an exchange takes the cache line away from who grants.
      if (stack.load(std::memory_order_relaxed) == 0) break;
      // acquire: pairs with the push. The newest is on top; turned round, the oldest comes first.
      Handle node = stack.exchange(0, std::memory_order_acq_rel);
      while (node != 0) {
        Handle older = self.get(node, Node::READY_NEXT);
        self.set(node, Node::READY_NEXT, self.backlog);
        self.backlog = node;
        node = older;
      }
    }
    Handle node = self.backlog;
    self.backlog = self.get(node, Node::READY_NEXT);
    // Cancelled after it was granted: its outcome was returned then.
    if (self.get(node, Node::CELL) != 0) {
      OutcomeCode outcome = self.word(node, Node::STATE).load(std::memory_order_acquire);
      ready[count++] = {node, outcome, self.get(node, Node::VALUE)};
      deliver(self, node, outcome);
    }
    free_node(self, node);
  }
  return count;
}

void free_node(Self& self, Handle node) {
  if (Handle object = self.get(node, Node::CELL)) {
    self.set(node, Node::CELL, 0);
    release(self, object);
  }
  if (self.spare_node == 0 && self.get(node, Node::MODE) == WaiterMode::THREAD &&
      self.get(node, Node::SLOT) == self.slot) {
    self.spare_node = node;
  } else {
    free_cell(self.arena, node);
  }
}

}  // namespace heddle

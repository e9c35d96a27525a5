// See waiting.h.
#include "waiting.h"

#include <limits>

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

// The isolate is about to learn of an outcome. True when that is a promise of a queue, for which it answers
// from now on: the node stays as a note of it until it is used.
bool is_promise(Self& self, Handle node, OutcomeCode outcome) {
  int32_t list = self.get(node, Node::LIST);
  if (outcome != Outcome::GRANTED || (list != Queue::GETTERS && list != Queue::PUTTERS)) return false;
  Handle object = self.get(node, Node::CELL);
  if (object == 0 || self.get(object, Cell::KIND) != Kind::QUEUE) return false;
  self.reservations.note(object, list, node);
  return true;
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

Handle top_of(uint64_t ready) {
  return static_cast<Handle>(static_cast<uint32_t>(ready));
}
uint64_t with_top(uint64_t ready, Handle node) {
  return ((ready >> 32) + 1) << 32 | static_cast<uint32_t>(node);
}

// Moves the ready stack, newest on top, to the backlog, oldest first. False when it is empty.
bool take_ready(Self& self) {
  // The cheap look first: an exchange takes the cache line away from who grants.
  if (self.arena.get(slot_word(self.slot, Slot::READY)) == 0) return false;
  auto stack = self.arena.long_word(slot_word(self.slot, Slot::READY));
  uint64_t seen = stack.load(std::memory_order_acquire);
  do {
    // See push_ready().
    self.set(top_of(seen), Node::GRANT, 0);
    HEDDLE_STEP();
    // acquire: pairs with the push. The newest is on top; turned round, the oldest comes first.
  } while (!stack.compare_exchange_weak(seen, with_top(seen, 0), std::memory_order_acq_rel,
                                        std::memory_order_acquire));
  for (Handle node = top_of(seen); node != 0;) {
    Handle older = self.get(node, Node::READY_NEXT);
    self.set(node, Node::READY_NEXT, self.backlog);
    self.backlog = node;
    node = older;
  }
  return true;
}

OutcomeCode collect(Self& self, Handle node, OutcomeCode outcome) {
  self.out[0] = self.get(node, Node::VALUE);
  self.set(node, Node::GRANT, 0);
  if (!is_promise(self, node, outcome)) free_node(self, node);
  return outcome;
}

// Puts a node that has its outcome on the ready stack of its slot.
//
// Who may have died right after the push has to be found out by others. So a node has its GRANT until it is
// no longer on top: it is cleared before, by whoever pushes the next one, or takes the stack. The tag beside
// the top makes sure that nobody clears the GRANT of a later life of the node.
void push_ready(const Arena& arena, Wakes& wakes, Handle node) {
  const int32_t slot = arena.get(node + Node::SLOT);
  auto ready = arena.long_word(slot_word(slot, Slot::READY));
  uint64_t seen = ready.load(std::memory_order_acquire);
  for (;;) {
    const Handle top = top_of(seen);
    if (top != 0) {
      auto grant = arena.word(top + Node::GRANT);
      int32_t number = grant.load(std::memory_order_acquire);
      const uint64_t again = ready.load(std::memory_order_acquire);
      if (again != seen) {
        seen = again;
        continue;
      }
      if (number != 0) grant.compare_exchange_strong(number, 0, std::memory_order_relaxed);
    }
    arena.set(node + Node::READY_NEXT, top);
    HEDDLE_STEP();
    // A: seq_cst, matches a loop that stops polling: it stores POLLING = 0 and then looks at READY
    // once more. Either it sees this push or POLLING is read as 0 below.
    if (ready.compare_exchange_weak(seen, with_top(seen, node), std::memory_order_seq_cst,
                                    std::memory_order_acquire)) {
      // Not empty before: whoever pushed first has rung.
      if (top == 0) wakes.loop(slot);
      return;
    }
  }
}

// Whether a node has been given the outcome of a grant already, which is named by `number`, by somebody who
// died thereafter. Its owner may have gone on then, and used the cell for something else, but clears GRANT
// before all.
bool is_delivered(const Arena& arena, Handle node, int32_t number) {
  // Each look acquires, so that GRANT is read last: if it is still as it was, then so was all read before.
  const int32_t state = arena.word(node + Node::STATE).load(std::memory_order_acquire);
  const int32_t mode = arena.word(node + Node::MODE).load(std::memory_order_acquire);
  const int32_t slot = arena.word(node + Node::SLOT).load(std::memory_order_acquire);
  Handle top = 0;
  if (slot >= 0 && slot < MAX_SLOTS) {
    top = top_of(arena.long_word(slot_word(slot, Slot::READY)).load(std::memory_order_acquire));
  }
  if (arena.word(node + Node::GRANT).load(std::memory_order_acquire) != number) return true;
  return mode == WaiterMode::THREAD ? is_outcome(state) : top == node;
}

// A node of the isolate's, in no list, for a wait on `object` that begins if the section stands; 0 when cells
// are exhausted. A thread that waits has a reference of its isolate's all the while; in mode LOOP the node
// needs one.
Handle node_at(Self& self, const Guard& guard, Handle object, Mode mode, int32_t state) {
  Handle node = 0;
  if (mode == WaiterMode::THREAD && self.spare_node != 0) {
    node = self.spare_node;
    self.spare_node = 0;
  } else {
    node = create_node(self);
    if (node == 0) return 0;
  }
  // release: see is_delivered().
  self.word(node, Node::STATE).store(state, std::memory_order_release);
  self.set(node, Node::MODE, mode);
  self.set(node, Node::VALUE, 0);
  self.set(node, Node::REFERS, mode == WaiterMode::LOOP ? 1 : 0);
  if (mode == WaiterMode::LOOP) guard.add(object, Cell::REFS, 1);
  guard.set(node, Node::CELL, object);
  return node;
}

}  // namespace

void Wakes::thread(Handle node) {
  if (threads_ == kMany) flush();
  nodes_[threads_++] = node;
}

void Wakes::loop(int32_t slot) {
  // The own loop is told by the caller.
  if (slot == self_.slot && scope_ == kOthers) return;
  if (self_.arena.word(slot_word(slot, Slot::POLLING)).load(std::memory_order_seq_cst) != 0) return;
  if (loops_ == kMany) flush();
  slots_[loops_++] = slot;
}

void Wakes::anyway(Handle node) {
  thread(node);
  const int32_t slot = self_.get(node, Node::SLOT);
  if (slot >= 0 && slot < MAX_SLOTS) loop(slot);
}

void Wakes::flush() {
  for (int i = 0; i < threads_; i++) futex_wake_one(state_address(self_, nodes_[i]));
  for (int i = 0; i < loops_; i++) {
    if (Loop(self_.arena, slots_[i]).needs_ring()) ring_loop(self_.arena, slots_[i]);
  }
  threads_ = 0;
  loops_ = 0;
}

void deliver(const Arena& arena, const SlotJournal& journal, Wakes& wakes, bool again) {
  const int32_t number = journal.get(layout::Journal::GRANT);
  while (Handle node = journal.get(layout::Journal::CHAIN)) {
    // NEXT is read before the node is delivered, since the node is its owner's from then on.
    Handle next = journal.get(layout::Journal::NEXT);
    const bool perhaps_delivered = again && next != node;
    if (next == node) {
      next = arena.get(node + Node::CHAIN);
      journal.set(layout::Journal::NEXT, next);
      HEDDLE_STEP();
    }
    if (perhaps_delivered && is_delivered(arena, node, number)) {
      wakes.anyway(node);
    } else {
      const OutcomeCode outcome = arena.get(node + Node::OUTCOME);
      arena.set(node + Node::NEXT, 0);
      HEDDLE_STEP();
      auto state = arena.word(node + Node::STATE);
      if (arena.get(node + Node::MODE) == WaiterMode::THREAD) {
        // release: the waiter sees the value, and all that led to the grant. Not to be touched after: its
        // owner may have freed it. A wake-up by address is harmless even then.
        if (state.exchange(outcome, std::memory_order_acq_rel) == NodeState::ASLEEP) wakes.thread(node);
      } else {
        state.store(outcome, std::memory_order_release);
        push_ready(arena, wakes, node);
      }
    }
    HEDDLE_STEP();
    journal.set(layout::Journal::CHAIN, next);
    HEDDLE_STEP();
  }
}

Handle link_waiter(Self& self, const Guard& guard, Handle object, int32_t list, Mode mode) {
  const Handle node = node_at(self, guard, object, mode, NodeState::WAITING);
  if (node != 0) push_back(self, guard, object, list, node);
  return node;
}

Handle promise_to_own(Self& self, const Guard& guard, Handle object, int32_t list) {
  const Handle node = node_at(self, guard, object, WaiterMode::THREAD, Outcome::GRANTED);
  if (node != 0) self.set(node, Node::LIST, list);
  return node;
}

void leave(Self& self, const Guard& guard, Handle object, Handle node) {
  if (self.get(node, Node::REFERS) != 0) {
    // The last one is dropped where the object can be destroyed.
    if (self.get(object, Cell::REFS) == 1) return;
    guard.add(object, Cell::REFS, -1);
  }
  guard.set(node, Node::CELL, 0);
}

void finish(Self& self, const Guard& guard, Wakes& wakes, Handle object, Handle node, OutcomeCode outcome) {
  unlink(self, guard, object, self.get(node, Node::LIST), node);
  guard.grant(wakes, node, outcome);
}

int32_t finish_first(Self& self, const Guard& guard, Wakes& wakes, Handle object, int32_t list, int32_t count,
                     OutcomeCode outcome) {
  int32_t taken = 0;
  Handle node = cut_first(self, guard, object, list, count, taken);
  for (int32_t i = 0; i < taken; i++) {
    guard.grant(wakes, node, outcome);
    node = self.get(node, Node::NEXT);
  }
  return taken;
}

void finish_all(Self& self, const Guard& guard, Wakes& wakes, Handle object, int32_t list,
                OutcomeCode outcome) {
  (void)finish_first(self, guard, wakes, object, list, std::numeric_limits<int32_t>::max(), outcome);
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
  if (is_outcome(state)) return state;
  // Not linked, without an outcome: its isolate died when it had just begun.
  if (!is_linked(self, guard, node)) return Outcome::TIMED_OUT;
  const bool in_barrier = self.get(object, Cell::KIND) == Kind::BARRIER;
  const int32_t list = in_barrier ? barrier_list_of(self, guard, object, node) : self.get(node, Node::LIST);
  unlink(self, guard, object, list, node);
  self.set(node, Node::VALUE, 0);
  after_unlink(self, guard, wakes, object, node, state);
  return Outcome::TIMED_OUT;
}

OutcomeCode cancel(Self& self, Handle node) {
  self.blocked_on = 0;
  OutcomeCode outcome = withdraw(self, node);
  self.out[0] = self.get(node, Node::VALUE);
  if (outcome == Outcome::TIMED_OUT || self.get(node, Node::MODE) == WaiterMode::THREAD) {
    return collect(self, node, outcome);
  }
  // It lies on the ready stack, from which only drain() takes it.
  self.set(node, Node::MODE, WaiterMode::KEPT);
  HEDDLE_STEP();
  if (!is_promise(self, node, outcome)) free_node(self, node);
  return outcome;
}

size_t drain(Self& self, std::span<Ready> ready) {
  size_t count = 0;
  while (count < ready.size()) {
    if (self.backlog == 0 && !take_ready(self)) break;
    Handle node = self.backlog;
    self.backlog = self.get(node, Node::READY_NEXT);
    if (self.get(node, Node::MODE) == WaiterMode::KEPT) {
      // Cancelled after it was granted: its outcome was returned then. What is left is a promise, or nothing.
      self.set(node, Node::MODE, WaiterMode::THREAD);
      if (self.get(node, Node::CELL) == 0) free_cell(self, node);
      continue;
    }
    OutcomeCode outcome = self.word(node, Node::STATE).load(std::memory_order_acquire);
    ready[count++] = {node, outcome, self.get(node, Node::VALUE)};
    // From here on as if its thread had waited for it.
    self.set(node, Node::MODE, WaiterMode::THREAD);
    if (is_promise(self, node, outcome)) continue;
    detach(self, node);
    free_cell(self, node);
  }
  return count;
}

void detach(Self& self, Handle node) {
  self.set(node, Node::GRANT, 0);
  forget_object(self, self.slot, node);
  destroy_doomed(self, self.slot);
}

void forget_object(Self& self, int32_t slot, Handle node) {
  const Handle object = self.get(node, Node::CELL);
  if (object == 0) return;
  if (self.get(node, Node::REFERS) != 0) {
    drop_reference(self, slot, object, node + Node::CELL);
  } else {
    self.set(node, Node::CELL, 0);
  }
}

void free_node(Self& self, Handle node) {
  detach(self, node);
  // Still on the ready stack.
  if (self.get(node, Node::MODE) == WaiterMode::KEPT) return;
  if (self.spare_node == 0 && self.get(node, Node::SLOT) == self.slot) {
    self.spare_node = node;
  } else {
    free_cell(self, node);
  }
}

}  // namespace heddle

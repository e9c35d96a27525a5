// See mutex.h.
#include "mutex.h"

namespace heddle {

using namespace layout;

namespace {

// What SINCE says of a waiter that has stood first for its time and was told to retry in vain.
constexpr uint64_t kDue = 0;

int32_t held_by(int32_t slot) {
  return slot << Mutex::OWNER_SHIFT | Mutex::LOCKED;
}

// The state of a mutex that is neither held nor free: the slot, which holds the guard, passes it on.
int32_t in_transit_by(int32_t slot) {
  return held_by(slot + Mutex::IN_TRANSIT) | Mutex::PARKED;
}

bool is_in_transit(int32_t state) {
  return (state & Mutex::LOCKED) != 0 && state >> Mutex::OWNER_SHIFT >= Mutex::IN_TRANSIT;
}

// Takes the mutex if it is free, whoever waits. PARKED and OWNER_DIED stay as they are.
bool try_take(Self& self, Handle mutex) {
  auto state = self.word(mutex, Cell::STATE);
  int32_t seen = state.load(std::memory_order_relaxed);
  // acquire: pairs with the release by the holder before.
  return (seen & Mutex::LOCKED) == 0 &&
         state.compare_exchange_strong(seen, seen | held_by(self.slot), std::memory_order_acquire,
                                       std::memory_order_relaxed);
}

// Whether the waiter is handed the mutex rather than told to retry.
bool wants_handoff(const Self& self, Handle node) {
  return self.get(node, Node::MODE) == WaiterMode::LOOP ||
         since(self, node).load(std::memory_order_relaxed) == kDue;
}

bool is_last(const Self& self, Handle node) {
  return self.get(node, Node::NEXT) == node;
}

// Gives a mutex, whose state is in_transit_by() this slot, to `first` in line, or sets it free for who comes
// first. If the isolate dies before the section stands, mutex_settle() does it instead; and after, whoever
// goes on with the section knows by the state whether it was done.
void pass_on(Self& self, const Guard& guard, Wakes& wakes, Handle mutex, Handle first, int32_t died) {
  const int32_t from = in_transit_by(self.slot);
  if (!wants_handoff(self, first)) {
    guard.change_state(mutex + Cell::STATE, from, Mutex::PARKED | Mutex::WAKING | died);
    tell_to_retry(self, wakes, first);
    return;
  }
  const int32_t rest = is_last(self, first) ? 0 : Mutex::PARKED;
  guard.change_state(mutex + Cell::STATE, from, held_by(self.get(first, Node::SLOT)) | rest | died);
  finish(self, guard, wakes, mutex, first, Outcome::GRANTED);
  step_up(self, guard, mutex, Cell::WAITERS);
}

// `holder`: the slot that must hold it, or -1 for any.
OutcomeCode let_go(Self& self, Handle mutex, int32_t holder, int32_t died) {
  Wakes wakes(self);
  Guard guard(self, mutex);
  auto state = self.word(mutex, Cell::STATE);
  int32_t seen = state.load(std::memory_order_relaxed);
  for (;;) {
    if ((seen & Mutex::LOCKED) == 0) return Outcome::MISUSE;
    if (holder >= 0 && seen >> Mutex::OWNER_SHIFT != holder) return Outcome::MISUSE;
    Handle first = first_waiter(self, guard, mutex, Cell::WAITERS);
    // release: by the holder before, for whoever acquires from this word later; a new holder itself
    // synchronises through its node. Without waiters a wrong second release may free it on the fast path
    // meanwhile; then this one is the misuse.
    HEDDLE_STEP();
    const int32_t next = first != 0 ? in_transit_by(self.slot) : died;
    if (!state.compare_exchange_weak(seen, next, std::memory_order_release, std::memory_order_relaxed))
      continue;
    HEDDLE_STEP();
    if (first != 0) pass_on(self, guard, wakes, mutex, first, died);
    return Outcome::OK;
  }
}

// True when the mutex was free, and is taken now. Else the node waits again, or has an outcome.
bool retry_once(Self& self, Handle mutex, Handle node) {
  Guard guard(self, mutex);
  if (!is_linked(self, guard, node)) return false;
  auto state = self.word(mutex, Cell::STATE);
  int32_t seen = state.load(std::memory_order_relaxed);
  for (;;) {
    if ((seen & Mutex::LOCKED) != 0) {
      // The holder, if it still is one, finds WAKING clear and will tell again or hand over.
      if (!state.compare_exchange_weak(seen, seen & ~Mutex::WAKING, std::memory_order_relaxed)) continue;
      if (is_overdue(self, node, FAIR_AFTER_NS)) since(self, node).store(kDue, std::memory_order_relaxed);
      self.set(node, Node::STATE, NodeState::WAITING);
      return false;
    }
    int32_t taken = (seen & ~(Mutex::PARKED | Mutex::WAKING)) | held_by(self.slot);
    if (!is_last(self, node)) taken |= Mutex::PARKED;
    // acquire: as in try_take.
    if (state.compare_exchange_weak(seen, taken, std::memory_order_acquire, std::memory_order_relaxed)) {
      unlink(self, guard, mutex, Cell::WAITERS, node);
      leave(self, guard, mutex, node);
      step_up(self, guard, mutex, Cell::WAITERS);
      return true;
    }
  }
}

}  // namespace

OutcomeOrTicket mutex_acquire(Self& self, Handle mutex, Mode mode, Deadline deadline) {
  if (try_take(self, mutex)) return Outcome::GRANTED;
  if (deadline.is_now()) return Outcome::TIMED_OUT;
  if (mode == WaiterMode::THREAD &&
      self.spinner.spin_for_turn(deadline, [&] { return try_take(self, mutex); })) {
    return Outcome::GRANTED;
  }
  Handle node = 0;
  {
    Guard guard(self, mutex);
    auto state = self.word(mutex, Cell::STATE);
    int32_t seen = state.load(std::memory_order_relaxed);
    for (;;) {
      if ((seen & Mutex::LOCKED) == 0) {
        if (try_take(self, mutex)) return Outcome::GRANTED;
        seen = state.load(std::memory_order_relaxed);
      } else if ((seen & Mutex::PARKED) != 0 ||
                 state.compare_exchange_weak(seen, seen | Mutex::PARKED, std::memory_order_relaxed)) {
        // From here on a release takes the slow path, and so this guard: it finds the node.
        break;
      }
    }
    node = link_waiter(self, guard, mutex, Cell::WAITERS, mode);
    if (node == 0) {
      if (first_waiter(self, guard, mutex, Cell::WAITERS) == 0) {
        state.fetch_and(~Mutex::PARKED, std::memory_order_relaxed);
      }
      return Outcome::NO_MEMORY;
    }
    start_clock(self, node);
  }
  return settle(self, node, mode, deadline, false);
}

OutcomeCode mutex_release(Self& self, Handle mutex) {
  return let_go(self, mutex, -1, 0);
}

void mutex_release_of_dead(Self& self, Handle mutex, int32_t slot) {
  if (self.get(mutex, Cell::STATE) >> Mutex::OWNER_SHIFT != slot) return;
  self.set(mutex, Mutex::OWNER, 0);
  self.set(mutex, Mutex::DEPTH, 0);
  (void)let_go(self, mutex, slot, Mutex::OWNER_DIED);
}

bool mutex_retry(Self& self, Handle mutex, Handle node, Deadline deadline) {
  // Somebody may have been quicker. It pays to look for a moment, while still marked as told: whoever
  // releases meanwhile need not wake this thread again.
  auto state = self.word(mutex, Cell::STATE);
  auto told = self.word(node, Node::STATE);
  (void)self.spinner.spin_for_turn(deadline, [&] {
    return (state.load(std::memory_order_relaxed) & Mutex::LOCKED) == 0 ||
           told.load(std::memory_order_relaxed) != NodeState::RETRY;
  });
  if (retry_once(self, mutex, node)) return true;
  if (since(self, node).load(std::memory_order_relaxed) == kDue) {
    // The next release hands it over, and does not have to wait for this thread if that is awake.
    (void)self.spinner.spin(deadline,
                            [&] { return told.load(std::memory_order_relaxed) != NodeState::WAITING; });
  }
  return false;
}

void mutex_waiter_left(Self& self, const Guard& guard, Wakes& wakes, Handle mutex, bool was_told) {
  auto state = self.word(mutex, Cell::STATE);
  Handle first = first_waiter(self, guard, mutex, Cell::WAITERS);
  if (first == 0) {
    state.fetch_and(~(Mutex::PARKED | Mutex::WAKING), std::memory_order_relaxed);
    return;
  }
  if (!was_told) return;
  int32_t seen = state.load(std::memory_order_relaxed);
  for (;;) {
    if ((seen & Mutex::LOCKED) != 0) {
      // Somebody was quicker, whose release will see to the waiters.
      if (state.compare_exchange_weak(seen, seen & ~Mutex::WAKING, std::memory_order_relaxed)) return;
      continue;
    }
    if (!wants_handoff(self, first)) {
      // WAKING stays, now for this one.
      tell_to_retry(self, wakes, first);
      return;
    }
    // acquire and release: takes over from the last holder, for the waiter.
    if (state.compare_exchange_weak(seen, in_transit_by(self.slot), std::memory_order_acq_rel,
                                    std::memory_order_relaxed)) {
      HEDDLE_STEP();
      pass_on(self, guard, wakes, mutex, first, seen & Mutex::OWNER_DIED);
      return;
    }
  }
}

void mutex_settle(Self& self, const Guard& guard, Wakes& wakes, Handle mutex) {
  auto state = self.word(mutex, Cell::STATE);
  Handle first = first_waiter(self, guard, mutex, Cell::WAITERS);
  const int32_t seen = state.load(std::memory_order_relaxed);
  if (is_in_transit(seen)) {
    // Nobody else changes it. Whether the one who died had released it cannot be told, so the next is warned.
    HEDDLE_STEP();
    state.store(first != 0 ? in_transit_by(self.slot) : int32_t{Mutex::OWNER_DIED},
                std::memory_order_release);
    HEDDLE_STEP();
    if (first != 0) pass_on(self, guard, wakes, mutex, first, Mutex::OWNER_DIED);
    return;
  }
  if (first != 0) state.fetch_or(Mutex::PARKED, std::memory_order_relaxed);
  // As if the one who died had been told to retry.
  mutex_waiter_left(self, guard, wakes, mutex, true);
}

}  // namespace heddle

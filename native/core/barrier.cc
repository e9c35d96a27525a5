// See barrier.h.
#include "barrier.h"

namespace heddle {

using namespace layout;

namespace {

// Everybody who waits gets BROKEN, and the barrier is empty, in state `state`.
void expel_all(Self& self, const Guard& guard, Wakes& wakes, Handle barrier, int32_t state) {
  guard.set(barrier, Cell::STATE, state);
  guard.set(barrier, Barrier::COUNT, 0);
  guard.set(barrier, Barrier::ACTION_SLOT, 0);
  finish_all(self, guard, wakes, barrier, Cell::WAITERS, Outcome::BROKEN);
  finish_all(self, guard, wakes, barrier, Barrier::ENTRY, Outcome::BROKEN);
}

void start_action(const Guard& guard, Handle barrier, int32_t slot) {
  guard.set(barrier, Cell::STATE, Barrier::ACTION);
  guard.set(barrier, Barrier::ACTION_SLOT, slot + 1);
}

// `first` up to the node before `completing` become the waiters, `completing` is the last to arrive, the rest
// of ENTRY stays.
void split_entry(Self& self, const Guard& guard, Wakes& wakes, Handle barrier, Handle first,
                 Handle completing, int32_t last) {
  const Handle tail = self.get(first, Node::PREVIOUS);
  const Handle next = self.get(completing, Node::NEXT);
  const Handle before = self.get(completing, Node::PREVIOUS);
  if (next == first) {
    guard.set(barrier, Barrier::ENTRY, 0);
  } else {
    guard.set(barrier, Barrier::ENTRY, next);
    guard.set(tail, Node::NEXT, next);
    guard.set(next, Node::PREVIOUS, tail);
  }
  if (last > 0) {
    guard.set(barrier, Cell::WAITERS, first);
    guard.set(before, Node::NEXT, first);
    guard.set(first, Node::PREVIOUS, before);
  }
  guard.set(barrier, Barrier::COUNT, last);
  start_action(guard, barrier, self.get(completing, Node::SLOT));
  self.set(completing, Node::VALUE, last);
  guard.grant(wakes, completing, Outcome::LAST);
}

// Those who arrived during the action form the next round, in their order; WAITERS is empty. The one who
// completes the round runs its action.
void admit_entry(Self& self, const Guard& guard, Wakes& wakes, Handle barrier) {
  const Handle first = self.get(barrier, Barrier::ENTRY);
  if (first == 0) return;
  const int32_t last = self.get(barrier, Barrier::PARTIES) - 1;
  Handle node = first;
  // The value of a node in ENTRY means nothing, so it needs no log.
  for (int32_t index = 0; index < last; index++) {
    self.set(node, Node::VALUE, index);
    node = self.get(node, Node::NEXT);
    if (node == first) {
      guard.set(barrier, Barrier::ENTRY, 0);
      guard.set(barrier, Cell::WAITERS, first);
      guard.set(barrier, Barrier::COUNT, index + 1);
      return;
    }
  }
  split_entry(self, guard, wakes, barrier, first, node, last);
}

}  // namespace

OutcomeOrTicket barrier_arrive(Self& self, Handle barrier, Mode mode, Deadline deadline) {
  Handle node = 0;
  {
    Wakes wakes(self);
    Guard guard(self, barrier);
    int32_t state = self.get(barrier, Cell::STATE);
    if ((state & Barrier::BROKEN) != 0) return Outcome::BROKEN;
    const bool next_round = (state & Barrier::ACTION) != 0;
    int32_t index = self.get(barrier, Barrier::COUNT);
    if (!next_round && index + 1 == self.get(barrier, Barrier::PARTIES)) {
      start_action(guard, barrier, self.slot);
      self.out[0] = index;
      return Outcome::LAST;
    }
    if (deadline.is_now()) {
      expel_all(self, guard, wakes, barrier, Barrier::BROKEN);
      return Outcome::TIMED_OUT;
    }
    node = link_waiter(self, guard, barrier, next_round ? Barrier::ENTRY : Cell::WAITERS, mode);
    if (node == 0) return Outcome::NO_MEMORY;
    if (!next_round) {
      self.set(node, Node::VALUE, index);
      guard.set(barrier, Barrier::COUNT, index + 1);
    }
  }
  return settle(self, node, mode, deadline, true);
}

void barrier_release(Self& self, Handle barrier) {
  Wakes wakes(self);
  Guard guard(self, barrier);
  // Reset during the action, which may even run again by another's hand.
  if (self.get(barrier, Barrier::ACTION_SLOT) != self.slot + 1) return;
  guard.set(barrier, Cell::STATE, 0);
  guard.set(barrier, Barrier::COUNT, 0);
  guard.set(barrier, Barrier::ACTION_SLOT, 0);
  // Their values are their arrival indices.
  finish_all(self, guard, wakes, barrier, Cell::WAITERS, Outcome::GRANTED);
  admit_entry(self, guard, wakes, barrier);
}

void barrier_break(Self& self, Handle barrier) {
  Wakes wakes(self);
  Guard guard(self, barrier);
  expel_all(self, guard, wakes, barrier, Barrier::BROKEN);
}

void barrier_reset(Self& self, Handle barrier) {
  Wakes wakes(self);
  Guard guard(self, barrier);
  expel_all(self, guard, wakes, barrier, 0);
}

void barrier_holder_died(Self& self, Handle barrier, int32_t slot) {
  Wakes wakes(self);
  Guard guard(self, barrier);
  if (self.get(barrier, Barrier::ACTION_SLOT) != slot + 1) return;
  expel_all(self, guard, wakes, barrier, Barrier::BROKEN);
}

void barrier_waiter_left(Self& self, const Guard& guard, Wakes& wakes, Handle barrier) {
  expel_all(self, guard, wakes, barrier, Barrier::BROKEN);
}

int32_t barrier_list_of(const Self& self, const Guard&, Handle barrier, Handle node) {
  const Handle first = self.get(barrier, Barrier::ENTRY);
  for (Handle entered = first; entered != 0;) {
    if (entered == node) return Barrier::ENTRY;
    entered = self.get(entered, Node::NEXT);
    if (entered == first) break;
  }
  return Cell::WAITERS;
}

}  // namespace heddle

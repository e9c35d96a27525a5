// See barrier.h.
#include "barrier.h"

namespace heddle {

using namespace layout;

namespace {

// Everybody who waits gets BROKEN, and the barrier is empty, in state `state`.
void expel_all(Self& self, const Guard& guard, Wakes& wakes, Handle barrier, int32_t state) {
  self.set(barrier, Cell::STATE, state);
  self.set(barrier, Barrier::COUNT, 0);
  self.set(barrier, Barrier::ACTION_SLOT, 0);
  finish_all(self, guard, wakes, barrier, Cell::WAITERS, Outcome::BROKEN);
  finish_all(self, guard, wakes, barrier, Barrier::ENTRY, Outcome::BROKEN);
}

void start_action(Self& self, const Guard&, Handle barrier, int32_t slot) {
  self.set(barrier, Cell::STATE, Barrier::ACTION);
  self.set(barrier, Barrier::ACTION_SLOT, slot + 1);
}

// Those who arrived during the action form the next round, in their order.
void admit_entry(Self& self, const Guard& guard, Wakes& wakes, Handle barrier) {
  int32_t last = self.get(barrier, Barrier::PARTIES) - 1;
  while (Handle node = first_waiter(self, guard, barrier, Barrier::ENTRY)) {
    int32_t index = self.get(barrier, Barrier::COUNT);
    if (index == last) {
      start_action(self, guard, barrier, self.get(node, Node::SLOT));
      finish(self, guard, wakes, barrier, node, Outcome::LAST, index);
      return;
    }
    unlink(self, guard, barrier, node);
    self.set(node, Node::VALUE, index);
    self.set(barrier, Barrier::COUNT, index + 1);
    push_back(self, guard, barrier, Cell::WAITERS, node);
  }
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
      start_action(self, guard, barrier, self.slot);
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
      self.set(barrier, Barrier::COUNT, index + 1);
    }
  }
  return settle(self, node, mode, deadline, true);
}

void barrier_release(Self& self, Handle barrier) {
  Wakes wakes(self);
  Guard guard(self, barrier);
  // Reset during the action, which may even run again by another's hand.
  if (self.get(barrier, Barrier::ACTION_SLOT) != self.slot + 1) return;
  self.set(barrier, Cell::STATE, 0);
  self.set(barrier, Barrier::COUNT, 0);
  self.set(barrier, Barrier::ACTION_SLOT, 0);
  while (Handle node = first_waiter(self, guard, barrier, Cell::WAITERS)) {
    finish(self, guard, wakes, barrier, node, Outcome::GRANTED, self.get(node, Node::VALUE));
  }
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

}  // namespace heddle

// See event.h.
#include "event.h"

namespace heddle {

using namespace layout;

OutcomeOrTicket event_wait(Self& self, Handle event, Mode mode, Deadline deadline) {
  auto state = self.word(event, Cell::STATE);
  // acquire: what was done before the set is seen after the wait.
  if ((state.load(std::memory_order_acquire) & Event::SET) != 0) return Outcome::GRANTED;
  if (deadline.is_now()) return Outcome::TIMED_OUT;
  Handle node = 0;
  {
    Guard guard(self, event);
    int32_t seen = state.load(std::memory_order_acquire);
    do {
      if ((seen & Event::SET) != 0) return Outcome::GRANTED;
      // A set that comes after this takes the slow path, and so this guard: it finds the node.
    } while (!state.compare_exchange_weak(seen, seen | Event::PARKED, std::memory_order_acquire));
    node = link_waiter(self, guard, event, Cell::WAITERS, mode);
    if (node == 0) {
      event_waiter_left(self, guard, event);
      return Outcome::NO_MEMORY;
    }
  }
  // Spinning on the own node does not disturb whoever works on the event.
  return settle(self, node, mode, deadline, true);
}

void event_set(Self& self, Handle event) {
  Wakes wakes(self);
  Guard guard(self, event);
  auto state = self.word(event, Cell::STATE);
  // release: pairs with the acquire of a wait that finds it set.
  if (first_waiter(self, guard, event, Cell::WAITERS) == 0) {
    HEDDLE_STEP();
    state.exchange(Event::SET, std::memory_order_acq_rel);
    return;
  }
  // While PARKED is set only the guard's holder changes the word.
  guard.change_state(event + Cell::STATE, Event::PARKED, Event::SET);
  finish_all(self, guard, wakes, event, Cell::WAITERS, Outcome::GRANTED);
}

void event_waiter_left(Self& self, const Guard& guard, Handle event) {
  if (first_waiter(self, guard, event, Cell::WAITERS) == 0) {
    guard.change_state(event + Cell::STATE, Event::PARKED, 0);
  }
}

void event_settle(Self& self, const Guard& guard, Handle event) {
  if (first_waiter(self, guard, event, Cell::WAITERS) != 0) return;
  HEDDLE_STEP();
  self.word(event, Cell::STATE).fetch_and(~Event::PARKED, std::memory_order_relaxed);
}

}  // namespace heddle

// See condition.h.
#include "condition.h"

namespace heddle {

using namespace layout;

OutcomeOrTicket condition_enqueue(Self& self, Handle condition, Mode mode) {
  Guard guard(self, condition);
  Handle node = link_waiter(self, guard, condition, Cell::WAITERS, mode);
  return node != 0 ? node : Outcome::NO_MEMORY;
}

int32_t condition_notify(Self& self, Handle condition, int32_t count, const Receipt& receipt) {
  Wakes wakes(self);
  Guard guard(self, condition);
  receipt.give(guard);
  return finish_first(self, guard, wakes, condition, Cell::WAITERS, count, Outcome::GRANTED);
}

}  // namespace heddle

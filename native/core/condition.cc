// See condition.h.
#include "condition.h"

namespace heddle {

using namespace layout;

OutcomeOrTicket condition_enqueue(Self& self, Handle condition, Mode mode) {
  Guard guard(self, condition);
  Handle node = link_waiter(self, guard, condition, Cell::WAITERS, mode);
  return node != 0 ? node : Outcome::NO_MEMORY;
}

int32_t condition_notify(Self& self, Handle condition, int32_t count) {
  Wakes wakes(self);
  Guard guard(self, condition);
  int32_t notified = 0;
  while (notified < count) {
    Handle first = first_waiter(self, guard, condition, Cell::WAITERS);
    if (first == 0) break;
    finish(self, guard, wakes, condition, first, Outcome::GRANTED);
    notified++;
  }
  return notified;
}

}  // namespace heddle

// See semaphore.h.
#include "semaphore.h"

namespace heddle {

using namespace layout;

namespace {

constexpr int32_t kOnePermit = 1 << Semaphore::VALUE_SHIFT;

bool try_take(Self& self, Handle semaphore) {
  auto state = self.word(semaphore, Cell::STATE);
  int32_t seen = state.load(std::memory_order_relaxed);
  // acquire: pairs with the release of the permit.
  while (seen >= kOnePermit) {
    if (state.compare_exchange_weak(seen, seen - kOnePermit, std::memory_order_acquire,
                                    std::memory_order_relaxed)) {
      return true;
    }
  }
  return false;
}

bool fits(const Self& self, Handle semaphore, int64_t value) {
  if (value > Semaphore::MAX_VALUE) return false;
  return self.get(semaphore, Semaphore::BOUNDED) == 0 || value <= self.get(semaphore, Semaphore::BOUND);
}

}  // namespace

OutcomeOrTicket semaphore_acquire(Self& self, Handle semaphore, Mode mode, Deadline deadline) {
  if (try_take(self, semaphore)) return Outcome::GRANTED;
  if (deadline.is_now()) return Outcome::TIMED_OUT;
  if (mode == WaiterMode::THREAD && self.spinner.spin(deadline, [&] { return try_take(self, semaphore); })) {
    return Outcome::GRANTED;
  }
  Handle node = 0;
  {
    Guard guard(self, semaphore);
    auto state = self.word(semaphore, Cell::STATE);
    for (;;) {
      if (try_take(self, semaphore)) return Outcome::GRANTED;
      // A release that comes after this takes the slow path, and so this guard: it finds the node.
      int32_t seen = 0;
      if (state.compare_exchange_strong(seen, Semaphore::PARKED, std::memory_order_relaxed) ||
          seen == Semaphore::PARKED) {
        break;
      }
    }
    node = link_waiter(self, guard, semaphore, Cell::WAITERS, mode);
    if (node == 0) {
      semaphore_waiter_left(self, guard, semaphore);
      return Outcome::NO_MEMORY;
    }
  }
  return settle(self, node, mode, deadline, false);
}

OutcomeCode semaphore_release(Self& self, Handle semaphore, int32_t count, const Receipt& receipt) {
  Wakes wakes(self);
  Guard guard(self, semaphore);
  auto state = self.word(semaphore, Cell::STATE);
  int32_t seen = state.load(std::memory_order_relaxed);
  for (;;) {
    int64_t value = (seen >> Semaphore::VALUE_SHIFT) + static_cast<int64_t>(count);
    if (!fits(self, semaphore, value)) return Outcome::OVERFLOW;
    if ((seen & Semaphore::PARKED) != 0) break;
    // Nobody waits: more than the one word only if somebody keeps a receipt.
    if (receipt.is_wanted()) {
      if (!guard.seize(semaphore + Cell::STATE, seen, Semaphore::PARKED)) continue;
      receipt.give(guard);
      guard.change_state(semaphore + Cell::STATE, Semaphore::PARKED,
                         static_cast<int32_t>(value) << Semaphore::VALUE_SHIFT);
      return Outcome::OK;
    }
    // release: pairs with the acquire by whoever takes the permit.
    HEDDLE_STEP();
    if (state.compare_exchange_weak(seen, static_cast<int32_t>(value) << Semaphore::VALUE_SHIFT,
                                    std::memory_order_release, std::memory_order_relaxed)) {
      return Outcome::OK;
    }
  }
  receipt.give(guard);
  count -= finish_first(self, guard, wakes, semaphore, Cell::WAITERS, count, Outcome::GRANTED);
  // While PARKED is set only the guard's holder writes the word.
  if (first_waiter(self, guard, semaphore, Cell::WAITERS) == 0) {
    guard.change_state(semaphore + Cell::STATE, Semaphore::PARKED, count << Semaphore::VALUE_SHIFT);
  }
  return Outcome::OK;
}

void semaphore_waiter_left(Self& self, const Guard& guard, Handle semaphore) {
  if (first_waiter(self, guard, semaphore, Cell::WAITERS) == 0) {
    guard.change_state(semaphore + Cell::STATE, Semaphore::PARKED, 0);
  }
}

void semaphore_settle(Self& self, const Guard& guard, Handle semaphore) {
  if (first_waiter(self, guard, semaphore, Cell::WAITERS) != 0) return;
  HEDDLE_STEP();
  self.word(semaphore, Cell::STATE).fetch_and(~Semaphore::PARKED, std::memory_order_relaxed);
}

}  // namespace heddle

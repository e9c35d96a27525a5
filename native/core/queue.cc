// See queue.h.
#include "queue.h"

#include <cstring>

#include "queue_body.h"

namespace heddle {

using namespace layout;

namespace {

static_assert(Queue::GETTERS == Cell::WAITERS);

QueueBody::State& state_at(Self& self, Handle queue) {
  auto unit = static_cast<uint32_t>(self.get(queue, Queue::BODY));
  return *reinterpret_cast<QueueBody::State*>(self.arena.heap().at(unit));
}

QueueBody body_of(Self& self, Handle queue) {
  return {self.arena.heap(), state_at(self, queue), self.get(queue, Queue::DISCIPLINE)};
}

// The looks below hold under the guard; without it they are a hint for who spins.
bool is_shut_down(const Self& self, Handle queue) {
  return (self.get(queue, Cell::STATE) & Queue::SHUT_DOWN) != 0;
}

bool has_place(const Self& self, Handle queue) {
  int32_t max_size = self.get(queue, Queue::MAX_SIZE);
  return max_size == 0 || self.get(queue, Queue::COUNT) + self.get(queue, Queue::RESERVED_PLACES) < max_size;
}

bool has_item(const Self& self, Handle queue) {
  return self.get(queue, Queue::COUNT) > self.get(queue, Queue::RESERVED_ITEMS);
}

void grant_places(Self& self, const Guard& guard, Wakes& wakes, Handle queue) {
  Handle first = 0;
  while ((first = first_waiter(self, guard, queue, Queue::PUTTERS)) != 0 && has_place(self, queue)) {
    self.add(queue, Queue::RESERVED_PLACES, 1);
    finish(self, guard, wakes, queue, first, Outcome::GRANTED);
  }
}

void grant_items(Self& self, const Guard& guard, Wakes& wakes, Handle queue) {
  Handle first = 0;
  while ((first = first_waiter(self, guard, queue, Queue::GETTERS)) != 0 && has_item(self, queue)) {
    self.add(queue, Queue::RESERVED_ITEMS, 1);
    finish(self, guard, wakes, queue, first, Outcome::GRANTED);
  }
}

// In a busy queue an item or a place comes every 100 ns or so: who waits for one gains by letting several
// gather.
constexpr int kLongestPause = 32;

// Uses up a reservation; a shutdown may have cancelled it.
void use_up(Self& self, Handle queue, int32_t reservations) {
  if (self.get(queue, reservations) > 0) self.add(queue, reservations, -1);
}

// Reserves at once, or waits in `list` to be granted a reservation.
template <class Available>
OutcomeOrTicket await(Self& self, Handle queue, Mode mode, Deadline deadline, int32_t list,
                      int32_t reservations, bool refused_when_shut_down, Available available) {
  if (mode == WaiterMode::THREAD && !deadline.is_now()) {
    (void)self.spinner.spin(
        deadline, [&] { return available() || is_shut_down(self, queue); }, kLongestPause);
  }
  Handle node = 0;
  {
    Guard guard(self, queue);
    const bool shut_down = is_shut_down(self, queue);
    if (shut_down && refused_when_shut_down) return Outcome::SHUT_DOWN;
    if (available()) {
      self.add(queue, reservations, 1);
      self.reservations.note(queue, list);
      return Outcome::GRANTED;
    }
    if (shut_down) return Outcome::SHUT_DOWN;
    if (deadline.is_now()) return Outcome::TIMED_OUT;
    node = link_waiter(self, guard, queue, list, mode);
    if (node == 0) return Outcome::NO_MEMORY;
  }
  return settle(self, node, mode, deadline, false);
}

}  // namespace

OutcomeCode queue_init(Self& self, Handle queue, int32_t discipline, int32_t max_size) {
  uint32_t unit = self.arena.heap().allocate(sizeof(QueueBody::State), true);
  if (unit == 0) return Outcome::NO_MEMORY;
  self.set(queue, Queue::DISCIPLINE, discipline);
  self.set(queue, Queue::MAX_SIZE, max_size);
  self.set(queue, Queue::BODY, static_cast<int32_t>(unit));
  return Outcome::OK;
}

void queue_destroy(Self& self, Handle queue, Doomed& doomed) {
  auto unit = static_cast<uint32_t>(self.get(queue, Queue::BODY));
  if (unit == 0) return;
  body_of(self, queue).clear(static_cast<uint32_t>(self.get(queue, Queue::COUNT)), doomed);
  self.arena.heap().free(unit, sizeof(QueueBody::State));
}

OutcomeCode queue_put(Self& self, Handle queue, bool reserved, const PutItem& item) {
  // A look before a large payload is copied for nothing.
  if (!reserved && !has_place(self, queue) && !is_shut_down(self, queue)) return Outcome::FULL;
  LargePayload large(self.arena.heap(), item,
                     QueueBody::stored_key(self.get(queue, Queue::DISCIPLINE), item.key));
  Wakes wakes(self);
  Guard guard(self, queue);
  if (reserved) use_up(self, queue, Queue::RESERVED_PLACES);
  OutcomeCode outcome = Outcome::OK;
  if (is_shut_down(self, queue)) {
    outcome = Outcome::SHUT_DOWN;
  } else if (!reserved && !has_place(self, queue)) {
    outcome = Outcome::FULL;
  } else if (large.exhausted()) {
    outcome = Outcome::NO_MEMORY;
  } else {
    auto count = static_cast<uint32_t>(self.get(queue, Queue::COUNT));
    outcome = body_of(self, queue).push(count, item, large);
  }
  if (outcome != Outcome::OK) {
    // The place that was reserved is free for the next.
    if (reserved) grant_places(self, guard, wakes, queue);
    return outcome;
  }
  self.add(queue, Queue::COUNT, 1);
  self.add(queue, Queue::UNFINISHED, 1);
  grant_items(self, guard, wakes, queue);
  return Outcome::OK;
}

OutcomeCode queue_take(Self& self, Handle queue, bool reserved, std::span<uint8_t> scratch, TakenItem& item) {
  // Empty at this moment, whatever is reserved; the guard would not make it truer.
  if (!reserved && self.get(queue, Queue::COUNT) == 0 && !is_shut_down(self, queue)) {
    return Outcome::EMPTY;
  }
  Entry entry;
  {
    Wakes wakes(self);
    Guard guard(self, queue);
    int32_t count = self.get(queue, Queue::COUNT);
    if (reserved ? count == 0 : !has_item(self, queue)) {
      return is_shut_down(self, queue) ? Outcome::SHUT_DOWN : Outcome::EMPTY;
    }
    if (reserved) use_up(self, queue, Queue::RESERVED_ITEMS);
    QueueBody body = body_of(self, queue);
    entry = body.pop(static_cast<uint32_t>(count));
    if (entry.place != Entry::kBlock) {
      std::memcpy(scratch.data(), body.payloads().payload(entry), entry.length);
      body.payloads().free(entry);
    }
    self.set(queue, Queue::COUNT, count - 1);
    grant_places(self, guard, wakes, queue);
  }
  item.lane = entry.lane;
  item.tag = entry.tag;
  if (entry.place != Entry::kBlock) {
    item.bytes = scratch.first(entry.length);
    return Outcome::OK;
  }
  item.own_block(self.arena, entry.at.unit, entry.at.total, entry.length);
  if (entry.length <= scratch.size()) {
    std::memcpy(scratch.data(), item.bytes.data(), entry.length);
    item.reset();
    item.bytes = scratch.first(entry.length);
  }
  return Outcome::OK;
}

OutcomeOrTicket queue_await_place(Self& self, Handle queue, Mode mode, Deadline deadline) {
  return await(self, queue, mode, deadline, Queue::PUTTERS, Queue::RESERVED_PLACES, true,
               [&] { return has_place(self, queue); });
}

OutcomeOrTicket queue_await_item(Self& self, Handle queue, Mode mode, Deadline deadline) {
  return await(self, queue, mode, deadline, Queue::GETTERS, Queue::RESERVED_ITEMS, false,
               [&] { return has_item(self, queue); });
}

void queue_unreserve_place(Self& self, Handle queue) {
  Wakes wakes(self);
  Guard guard(self, queue);
  use_up(self, queue, Queue::RESERVED_PLACES);
  grant_places(self, guard, wakes, queue);
}

void queue_unreserve_item(Self& self, Handle queue) {
  Wakes wakes(self);
  Guard guard(self, queue);
  use_up(self, queue, Queue::RESERVED_ITEMS);
  grant_items(self, guard, wakes, queue);
}

OutcomeCode queue_task_done(Self& self, Handle queue) {
  Wakes wakes(self);
  Guard guard(self, queue);
  int32_t unfinished = self.get(queue, Queue::UNFINISHED);
  if (unfinished <= 0) return Outcome::MISUSE;
  self.set(queue, Queue::UNFINISHED, unfinished - 1);
  if (unfinished == 1) finish_all(self, guard, wakes, queue, Queue::JOINERS, Outcome::GRANTED);
  return Outcome::OK;
}

OutcomeOrTicket queue_join(Self& self, Handle queue, Mode mode, Deadline deadline) {
  Handle node = 0;
  {
    Guard guard(self, queue);
    if (self.get(queue, Queue::UNFINISHED) == 0) return Outcome::GRANTED;
    if (deadline.is_now()) return Outcome::TIMED_OUT;
    node = link_waiter(self, guard, queue, Queue::JOINERS, mode);
    if (node == 0) return Outcome::NO_MEMORY;
  }
  return settle(self, node, mode, deadline, true);
}

void queue_shutdown(Self& self, Handle queue, bool immediate) {
  // Destroyed last: what the dropped items held may be destroyed, once no guard is held.
  Doomed doomed(self);
  QueueBody::State dropped{};
  int32_t count = 0;
  {
    Wakes wakes(self);
    Guard guard(self, queue);
    self.set(queue, Cell::STATE, Queue::SHUT_DOWN);
    if (immediate) {
      count = self.get(queue, Queue::COUNT);
      dropped = state_at(self, queue);
      state_at(self, queue) = {};
      self.set(queue, Queue::COUNT, 0);
      self.set(queue, Queue::RESERVED_ITEMS, 0);
      int32_t unfinished = self.get(queue, Queue::UNFINISHED);
      unfinished = unfinished > count ? unfinished - count : 0;
      self.set(queue, Queue::UNFINISHED, unfinished);
      if (unfinished == 0) {
        finish_all(self, guard, wakes, queue, Queue::JOINERS, Outcome::GRANTED);
      }
    }
    finish_all(self, guard, wakes, queue, Queue::PUTTERS, Outcome::SHUT_DOWN);
    // Getters are linked only while nothing is there for them.
    finish_all(self, guard, wakes, queue, Queue::GETTERS, Outcome::SHUT_DOWN);
  }
  QueueBody(self.arena.heap(), dropped, self.get(queue, Queue::DISCIPLINE))
      .clear(static_cast<uint32_t>(count), doomed);
}

void queue_resize(Self& self, Handle queue, int32_t max_size) {
  Wakes wakes(self);
  Guard guard(self, queue);
  self.set(queue, Queue::MAX_SIZE, max_size);
  grant_places(self, guard, wakes, queue);
}

}  // namespace heddle

// See guarded_queue.h.
#include "guarded_queue.h"

namespace heddle {

using namespace layout;

namespace {

// As the ring counts its puts: up to 2^31, and from 0 again.
int32_t modulo(int32_t count, int32_t more) {
  return static_cast<int32_t>((static_cast<uint32_t>(count) + static_cast<uint32_t>(more)) & INT32_MAX);
}

}  // namespace

static_assert(Queue::GETTERS == Cell::WAITERS);

const GuardedQueue::Line GuardedQueue::kGetters = {Queue::GETTERS, Ring::GET_WAITING, Queue::RESERVED_ITEMS};
const GuardedQueue::Line GuardedQueue::kPutters = {Queue::PUTTERS, Ring::PUT_WAITING, Queue::RESERVED_PLACES};

int32_t QueueView::size() const {
  return count() + (has_ring() ? static_cast<int32_t>(ring_.size()) : 0);
}

bool QueueView::has_place() const {
  const int32_t max_size = get(Queue::MAX_SIZE);
  return max_size == 0 || size() + get(Queue::RESERVED_PLACES) < max_size;
}

bool QueueView::has_item() const {
  const int32_t promised = get(Queue::RESERVED_ITEMS);
  if (!has_ring()) return count() > promised;
  return count() > 0 || ring_.is_published(static_cast<uint32_t>(promised));
}

const GuardedQueue::Line& GuardedQueue::line_of(int32_t list) {
  return list == Queue::GETTERS ? kGetters : kPutters;
}

GuardedQueue::~GuardedQueue() {
  stand();
  open_if_free(kGetters);
  open_if_free(kPutters);
}

void GuardedQueue::stand() {
  guard_.stand();
  frees_.free_all();
}

void GuardedQueue::settle() {
  stand();
  settle(kGetters);
  settle(kPutters);
}

QueueBody GuardedQueue::body() {
  auto unit = static_cast<uint32_t>(get(Queue::BODY));
  return {self_.arena.heap(), *reinterpret_cast<QueueBody::State*>(self_.arena.heap().at(unit)), discipline(),
          guard_, frees_};
}

void GuardedQueue::use_up(int32_t list) {
  const int32_t promises = line_of(list).promises;
  if (get(promises) > 0) add(promises, -1);
}

void GuardedQueue::close(const Line& line) {
  if (!has_ring()) return;
  if (line.list == Queue::GETTERS) {
    ring_.close_head();
  } else {
    ring_.close_tail();
  }
}

void GuardedQueue::open_if_free(const Line& line) {
  if (!has_ring() || get(line.promises) > 0) return;
  if (line.list == Queue::GETTERS) {
    if (!drops_items()) ring_.open_head();
  } else if (!is_shut_down() && count() == 0) {
    ring_.open_tail();
  }
}

// Moves items that came later into the ring, once there is room for many.
void GuardedQueue::refill() {
  int32_t left = count();
  if (left == 0 || !has_ring()) return;
  const uint32_t free_for_all = ring_.size() - static_cast<uint32_t>(get(Queue::RESERVED_ITEMS));
  if (static_cast<int32_t>(free_for_all) > RING_ENTRIES / 2) return;
  QueueBody rest = body();
  for (; left > 0 && !ring_.is_full(); left--) {
    // Counted in the ring before it is no longer counted here: who looks without the guard may see an
    // item twice, but never one too few.
    ring_.push_closed(guard_, rest.pop(static_cast<uint32_t>(left)));
    add_unfinished(-1);
    set(Queue::COUNT, left - 1);
    if (guard_.is_long()) stand();
  }
  stand();
}

// What is promised starts at HEAD, so blank entries are passed by only while nothing is.
void GuardedQueue::look_at_head() {
  if (get(Queue::RESERVED_ITEMS) == 0 && ring_.is_blank_at_head()) {
    ring_.close_head();
    ring_.skip_blanks_closed();
  }
  refill();
}

bool GuardedQueue::is_there(const Line& line) {
  if (line.list == Queue::PUTTERS) return has_place();
  const int32_t promised = get(Queue::RESERVED_ITEMS);
  if (!has_ring()) return count() > promised;
  look_at_head();
  return ring_.is_published(static_cast<uint32_t>(promised));
}

bool GuardedQueue::reserve(const Line& line) {
  // Closed before the look: what is there then stays.
  close(line);
  if (!is_there(line)) return false;
  add(line.promises, 1);
  return true;
}

OutcomeCode GuardedQueue::put(bool promised, const Entry& entry, Key key) {
  close(kPutters);
  if (is_shut_down()) return Outcome::SHUT_DOWN;
  if (!promised && !has_place()) return Outcome::FULL;
  const int32_t before = count();
  if (has_ring() && before == 0 && !ring_.is_full()) {
    ring_.push_closed(guard_, entry);
    return Outcome::OK;
  }
  const OutcomeCode outcome = body().push(static_cast<uint32_t>(before), entry, key);
  if (outcome != Outcome::OK) return outcome;
  set(Queue::COUNT, before + 1);
  add_unfinished(1);
  if (!has_ring() && discipline() == Discipline::FIFO && get(Queue::WARMTH) < PUTS_BEFORE_RING) {
    add(Queue::WARMTH, 1);
    if (get(Queue::WARMTH) == PUTS_BEFORE_RING) start_ring();
  }
  return Outcome::OK;
}

bool GuardedQueue::take(Entry& entry) {
  close(kGetters);
  if (!is_there(kGetters)) return false;
  if (has_ring()) return ring_.pop_closed(guard_, entry);
  const int32_t before = count();
  entry = body().pop(static_cast<uint32_t>(before));
  set(Queue::COUNT, before - 1);
  return true;
}

void GuardedQueue::start_ring() {
  if (!EntryRing::attach(self_, queue_ + Queue::RING, limit_for(get(Queue::MAX_SIZE)))) return;
  ring_word_ = get(Queue::RING);
  ring_ = EntryRing(self_.arena, ring_word_);
  stand();
  refill();
}

uint32_t GuardedQueue::limit_for(int32_t max_size) {
  return static_cast<uint32_t>(max_size == 0 || max_size > RING_ENTRIES ? RING_ENTRIES : max_size);
}

bool GuardedQueue::reserve_after_all(int32_t list) {
  if (!has_ring()) return false;
  const Line& line = line_of(list);
  set_waited_for(line, true);
  if (!reserve(line)) return false;
  if (first_waiter(self_, guard_, queue_, list) == 0) set_waited_for(line, false);
  return true;
}

bool GuardedQueue::retry(Handle node) {
  // Granted, or refused, meanwhile.
  if (!is_linked(self_, guard_, node)) return false;
  const Line& line = line_of(self_.get(node, Node::LIST));
  self_.set(node, Node::STATE, NodeState::WAITING);
  if (!reserve(line)) {
    if (!is_clock_running(self_, node)) start_clock(self_, node);
    return false;
  }
  unlink(self_, guard_, queue_, line.list, node);
  guard_.set(node, Node::STATE, Outcome::GRANTED);
  return true;
}

void GuardedQueue::set_waited_for(const Line& line, bool waited_for) {
  if (has_ring() && ring_.is_waited_for(line.flag) != waited_for) ring_.set_waited_for(line.flag, waited_for);
}

bool GuardedQueue::wants_promise(Handle node) const {
  return !has_ring() || self_.get(node, Node::MODE) == WaiterMode::LOOP ||
         is_overdue(self_, node, RING_FAIR_AFTER_NS);
}

void GuardedQueue::settle(const Line& line) {
  // An item whose put began before the shutdown may still come: who publishes it has to drop it.
  if (line.list == Queue::GETTERS && drops_items()) {
    set_waited_for(line, true);
    return;
  }
  for (;;) {
    Handle first = first_waiter(self_, guard_, queue_, line.list);
    if (first == 0 || self_.get(first, Node::STATE) == NodeState::RETRY) {
      set_waited_for(line, false);
      return;
    }
    // Before the look: either it finds what comes now, or who brings that finds the flag.
    set_waited_for(line, true);
    if (!is_there(line)) return;
    if (!wants_promise(first)) {
      set_waited_for(line, false);
      tell_to_retry(self_, wakes_, first);
      return;
    }
    if (!reserve(line)) continue;
    finish(self_, guard_, wakes_, queue_, first, Outcome::GRANTED);
    if (guard_.is_long()) stand();
  }
}

void GuardedQueue::mend() {
  if (has_ring()) ring_.set_limit(limit_for(get(Queue::MAX_SIZE)));
  if (is_shut_down()) end_waits();
  if (unfinished() == 0) finish_joiners();
  settle();
}

int32_t GuardedQueue::unfinished() const {
  return modulo(get(Queue::UNFINISHED), has_ring() ? ring_.puts() : 0);
}

void GuardedQueue::add_unfinished(int32_t amount) {
  set(Queue::UNFINISHED, modulo(get(Queue::UNFINISHED), amount));
}

void GuardedQueue::task_done() {
  add_unfinished(-1);
  if (unfinished() == 0) finish_joiners();
}

void GuardedQueue::finish_joiners() {
  finish_all(self_, guard_, wakes_, queue_, Queue::JOINERS, Outcome::GRANTED);
}

std::vector<Entry> GuardedQueue::clear() {
  std::vector<Entry> dropped;
  Entry entry;
  set(Queue::RESERVED_ITEMS, 0);
  while (take(entry)) {
    dropped.push_back(entry);
    // With each, so that whoever is killed here leaves no item that is never done.
    if (unfinished() > 0) add_unfinished(-1);
    stand();
  }
  if (unfinished() == 0) finish_joiners();
  return dropped;
}

std::vector<Entry> GuardedQueue::take_some(size_t most) {
  std::vector<Entry> taken;
  Entry entry;
  set(Queue::RESERVED_ITEMS, 0);
  while (taken.size() < most && take(entry)) {
    taken.push_back(entry);
    stand();
  }
  return taken;
}

void GuardedQueue::free_memory() {
  if (has_ring()) {
    stand();
    EntryRing::detach(self_, queue_ + Queue::RING);
    ring_word_ = 0;
  }
  body().free_memory();
  frees_.add(static_cast<uint32_t>(get(Queue::BODY)), sizeof(QueueBody::State));
  set(Queue::BODY, 0);
}

std::vector<Entry> GuardedQueue::shut_down(bool immediate) {
  close(kPutters);
  set(Cell::STATE, state() | Queue::SHUT_DOWN | (immediate ? Queue::DROPS_ITEMS : 0));
  stand();
  if (has_ring()) ring_.await_publication();
  std::vector<Entry> dropped;
  if (immediate) {
    // Before the look: of a put that was stopped half way, either the item is found here, or who publishes it
    // finds the flag and drops it.
    set_waited_for(kGetters, true);
    dropped = clear();
  }
  end_waits();
  return dropped;
}

void GuardedQueue::end_waits() {
  finish_all(self_, guard_, wakes_, queue_, Queue::PUTTERS, Outcome::SHUT_DOWN);
  if (!drops_items()) {
    while (Handle first = first_waiter(self_, guard_, queue_, Queue::GETTERS)) {
      if (!reserve_item()) break;
      finish(self_, guard_, wakes_, queue_, first, Outcome::GRANTED);
      if (guard_.is_long()) stand();
    }
  }
  finish_all(self_, guard_, wakes_, queue_, Queue::GETTERS, Outcome::SHUT_DOWN);
}

void GuardedQueue::resize(int32_t max_size) {
  set(Queue::MAX_SIZE, max_size);
  if (has_ring()) ring_.set_limit(limit_for(max_size));
}

}  // namespace heddle

// See guarded_queue.h.
#include "guarded_queue.h"

#include <algorithm>

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

template <class Visit>
void QueueView::each_ring(Visit visit) const {
  for (EntryRing ring = get_ring(); ring.exists();) {
    EntryRing visited = ring;
    ring = EntryRing(self_.arena, visited.next());
    visit(visited);
  }
}

int32_t QueueView::blanks_in_rings() const {
  int32_t blanks = 0;
  each_ring([&](const EntryRing& ring) { blanks += ring.blanks(); });
  return blanks;
}

int32_t QueueView::in_rings() const {
  for (;;) {
    const EntryRing first = get_ring();
    const EntryRing last = put_ring();
    if (!first.exists() || !last.exists()) return 0;
    const int32_t blanks = blanks_in_rings();
    // The takes first, which are never ahead of the puts at that moment, nor these of the later ones.
    const int32_t takes = first.takes();
    const int32_t puts = last.puts();
    // If not, one may have been passed by meanwhile.
    if (blanks != 0 && blanks_in_rings() != blanks) continue;
    // If not, one of the rings may have been another queue's.
    if (get_ring().index() == first.index() && put_ring().index() == last.index())
      return std::max(modulo(puts, -takes) - blanks, 0);
  }
}

bool QueueView::has_place() const {
  const int32_t max_size = get(Queue::MAX_SIZE);
  return max_size == 0 || size() + get(Queue::RESERVED_PLACES) < max_size;
}

bool QueueView::has_item() const {
  const int32_t promised = get(Queue::RESERVED_ITEMS);
  const EntryRing first = get_ring();
  if (!first.exists()) return count() > promised;
  return count() > 0 || first.next() != 0 || first.is_published(static_cast<uint32_t>(promised));
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

QueueBody::State& GuardedQueue::body_state() const {
  auto unit = static_cast<uint32_t>(get(Queue::BODY));
  return *reinterpret_cast<QueueBody::State*>(self_.arena.heap().at(unit));
}

QueueBody GuardedQueue::body() {
  return {self_.arena.heap(), body_state(), discipline(), guard_, frees_};
}

void GuardedQueue::use_up(int32_t list) {
  const int32_t promises = line_of(list).promises;
  if (get(promises) > 0) add(promises, -1);
}

void GuardedQueue::close(const Line& line) {
  if (!has_ring()) return;
  if (line.list == Queue::GETTERS) {
    get_ring().close_head();
  } else {
    put_ring().close_tail();
  }
}

void GuardedQueue::open_if_free(const Line& line) {
  if (!has_ring() || get(line.promises) > 0) return;
  if (line.list == Queue::GETTERS) {
    if (!drops_items()) get_ring().open_head();
  } else if (!is_shut_down() && count() == 0) {
    put_ring().open_tail();
  }
}

// Moves items that came later into the last ring, once there is room for many.
void GuardedQueue::refill() {
  int32_t left = count();
  if (left == 0 || !has_ring()) return;
  if (in_rings() - get(Queue::RESERVED_ITEMS) > RING_ENTRIES / 2) return;
  QueueBody rest = body();
  for (; left > 0 && (!put_ring().is_full() || add_ring()); left--) {
    // Counted in the ring before it is no longer counted here: who looks without the guard may see an
    // item twice, but never one too few.
    put_ring().push_closed(guard_, rest.pop(static_cast<uint32_t>(left)));
    add_unfinished(-1);
    set(Queue::COUNT, left - 1);
    if (guard_.is_long()) stand();
  }
  stand();
}

// What is promised starts at HEAD, so blank entries are passed by only while nothing is.
void GuardedQueue::look_at_head() {
  for (;;) {
    EntryRing first = get_ring();
    if (get(Queue::RESERVED_ITEMS) == 0 && first.is_blank_at_head()) {
      first.close_head();
      first.skip_blanks_closed();
    }
    if (first.size() != 0 || first.next() == 0) break;
    // Nothing is in it any more, and nothing will come.
    stand();
    first.close_head();
    EntryRing::remove_first(self_, queue_);
  }
  refill();
}

bool GuardedQueue::is_published(uint32_t n) const {
  EntryRing ring = get_ring();
  while (ring.next() != 0 && n >= ring.size()) {
    n -= ring.size();
    ring = EntryRing(self_.arena, ring.next());
  }
  return ring.is_published(n);
}

bool GuardedQueue::is_there(const Line& line) {
  if (line.list == Queue::PUTTERS) return has_place();
  const int32_t promised = get(Queue::RESERVED_ITEMS);
  if (!has_ring()) return count() > promised;
  look_at_head();
  return is_published(static_cast<uint32_t>(promised));
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
  if (has_ring() && before == 0 && (!put_ring().is_full() || add_ring())) {
    put_ring().push_closed(guard_, entry);
    // Others may have been emptied since.
    set_limit();
    return Outcome::OK;
  }
  const OutcomeCode outcome = body().push(static_cast<uint32_t>(before), entry, key);
  if (outcome != Outcome::OK) return outcome;
  set(Queue::COUNT, before + 1);
  add_unfinished(1);
  if (!has_ring() && discipline() == Discipline::FIFO) warm_up();
  return Outcome::OK;
}

bool GuardedQueue::peek(Entry& entry) {
  close(kGetters);
  if (!is_there(kGetters)) return false;
  if (has_ring()) return get_ring().peek_closed(entry);
  entry = body().peek();
  return true;
}

bool GuardedQueue::take(Entry& entry) {
  close(kGetters);
  if (!is_there(kGetters)) return false;
  if (has_ring()) return get_ring().pop_closed(guard_, entry);
  const int32_t before = count();
  entry = body().pop(static_cast<uint32_t>(before));
  set(Queue::COUNT, before - 1);
  return true;
}

void GuardedQueue::warm_up() {
  uint32_t& warmth = body_state().warmth;
  if (warmth >= PUTS_BEFORE_RING) return;
  guard_.set_at(warmth, warmth + 1);
  if (warmth == PUTS_BEFORE_RING && add_ring()) refill();
}

bool GuardedQueue::add_ring() {
  stand();
  if (!EntryRing::append(self_, queue_)) return false;
  set_limit();
  return true;
}

void GuardedQueue::set_limit() {
  const EntryRing first = get_ring();
  EntryRing last = put_ring();
  // From one that is not the first nothing was taken yet.
  const int32_t others = first.index() == last.index() ? 0 : modulo(last.takes(), -first.takes());
  const int32_t max_size = get(Queue::MAX_SIZE);
  const int32_t most = max_size == 0 ? RING_ENTRIES : std::clamp(max_size - others, 0, RING_ENTRIES);
  last.set_limit(static_cast<uint32_t>(most));
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

// Who takes looks at the flag of the first ring. A put may be on its way into any ring, and looks at the flag
// of that one. What the last ring says of getters, all say that must: it is the first to say that nobody
// waits, and the last to say that somebody does, wherever this is cut short.
void GuardedQueue::set_waited_for(const Line& line, bool waited_for) {
  if (!has_ring()) return;
  const bool of_getters = line.list == Queue::GETTERS;
  EntryRing ring = of_getters ? put_ring() : get_ring();
  if (ring.is_waited_for(line.flag) == waited_for) return;
  if (of_getters && waited_for) {
    each_ring([&](EntryRing& each) { each.set_waited_for(line.flag, true); });
  } else {
    ring.set_waited_for(line.flag, waited_for);
  }
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
  if (has_ring()) set_limit();
  if (is_shut_down()) end_waits();
  if (unfinished() == 0) finish_joiners();
  settle();
}

void GuardedQueue::fill_gap(EntryRing ring, uint32_t position) {
  // Another one who died may have meant that place as well.
  if (!ring.is_gap(position)) return;
  close(kPutters);
  ring.fill_gap(guard_, position);
  // It was counted as an item, which nobody will ever say to be done.
  if (unfinished() > 0) task_done();
}

int32_t GuardedQueue::unfinished() const {
  return modulo(get(Queue::UNFINISHED), has_ring() ? put_ring().puts() : 0);
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
  while (has_ring()) {
    stand();
    EntryRing::remove_first(self_, queue_);
  }
  body().free_memory();
  frees_.add(static_cast<uint32_t>(get(Queue::BODY)), sizeof(QueueBody::State));
  set(Queue::BODY, 0);
}

std::vector<Entry> GuardedQueue::shut_down(bool immediate) {
  close(kPutters);
  set(Cell::STATE, state() | Queue::SHUT_DOWN | (immediate ? Queue::DROPS_ITEMS : 0));
  stand();
  each_ring([](const EntryRing& ring) { ring.await_publication(); });
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
  if (has_ring()) set_limit();
}

}  // namespace heddle

// See queue.h.
#include "queue.h"

#include "copy_bytes.h"
#include "futex.h"
#include "guarded_queue.h"
#include "payload_store.h"

namespace heddle {

using namespace layout;

namespace {

// In a busy queue an item or a place comes every 100 ns or so: who waits for one gains by letting several
// gather.
constexpr int kLongestPause = 32;

// Sees to what a put or a take without the guard has found waiting.
void notice(Self& self, Handle queue, const EntryRing& ring, int32_t flag) {
  if (ring.is_waited_for(flag)) {
    queue_notice(self, queue, flag == Ring::GET_WAITING ? Queue::GETTERS : Queue::PUTTERS);
  }
}

// OK, or EMPTY: what to do then needs the guard.
OutcomeCode take_from_ring(Self& self, Handle queue, Entry& entry) {
  EntryRing ring = QueueView(self, queue).get_ring();
  RingClaim claim(self, queue, Queue::RING, ring.index());
  if (ring.pop(claim, entry) != EntryRing::Outcome::kDone) return Outcome::EMPTY;
  notice(self, queue, ring, Ring::PUT_WAITING);
  return Outcome::OK;
}

// A promise of the isolate's, which is used up as its section ends; the note of it is freed after.
class Promise {
 public:
  Promise(Self& self, Handle queue, int32_t list, bool is_there)
      : self_(self), node_(is_there ? self.reservations.forget(queue, list) : 0) {}
  ~Promise() {
    if (node_ != 0) free_node(self_, node_);
  }
  Promise(const Promise&) = delete;
  Promise& operator=(const Promise&) = delete;

  void use(const Guard& guard, Handle queue) const {
    if (node_ == 0) return;
    guard.set(node_, Node::STATE, Outcome::TIMED_OUT);
    leave(self_, guard, queue, node_);
  }
  [[nodiscard]] Handle node() const { return node_; }

 private:
  Self& self_;
  Handle node_;
};

// `take(guarded)` takes it, if it finds one.
template <class Take>
OutcomeCode take_guarded(Self& self, Handle queue, bool reserved, Take take) {
  const Promise promise(self, queue, Queue::GETTERS, reserved);
  Wakes wakes(self);
  Guard guard(self, queue);
  GuardedQueue guarded(self, guard, wakes, queue);
  if (reserved) {
    guarded.use_item();
    promise.use(guard, queue);
  }
  const bool taken = take(guarded);
  guarded.settle();
  if (taken) return Outcome::OK;
  return guarded.is_shut_down() ? Outcome::SHUT_DOWN : Outcome::EMPTY;
}

OutcomeCode take_entry(Self& self, Handle queue, bool reserved, Entry& entry) {
  const QueueView view(self, queue);
  if (!reserved && view.has_ring()) {
    if (take_from_ring(self, queue, entry) == Outcome::OK) return Outcome::OK;
    // Items of the body go into a ring before they are no longer counted in the body: if there is none here,
    // and then none there, there is none.
    if (view.count() == 0 && view.in_rings() == 0 && !view.is_shut_down()) return Outcome::EMPTY;
  } else if (!reserved && view.count() == 0 && !view.is_shut_down()) {
    // Empty at this moment, whatever is reserved; the guard would not make it truer.
    return Outcome::EMPTY;
  }
  return take_guarded(self, queue, reserved, [&](GuardedQueue& guarded) { return guarded.take(entry); });
}

// Whether a broker of this arena has, or can have, the other process know an object.
bool can_leave(const Self& self, Handle object, int32_t broker) {
  const int32_t kind = self.get(object, Cell::KIND);
  if ((kind & PROXY) == 0) return (PROXIED_KINDS & (1 << kind)) != 0;
  return self.get(object, ProxyWord::BROKER) == broker;
}

// What a taken entry holds, for the caller.
void hand_over(Self& self, Handle queue, const Entry& entry, std::span<uint8_t> scratch, TakenItem& item) {
  Heap& heap = self.arena.heap();
  item.lane = entry.lane;
  item.tag = entry.tag;
  // Bytes that the caller keeps are better copied once.
  const bool kept = entry.lane == ItemLane::BYTES || entry.lane == ItemLane::BUFFER;
  if (entry.place != Entry::kBlock || (entry.length <= scratch.size() && !kept)) {
    copy_bytes(scratch.data(), PayloadStore::payload(heap, entry), entry.length);
    item.bytes = scratch.first(entry.length);
    PayloadStore::free(heap, entry);
  } else {
    item.own_block(self.arena, entry.at.unit, entry.at.total, entry.length);
    item.is_followed = QueueView(self, queue).size() > 0;
    self.block_read = entry.at.unit;
  }
}

OutcomeCode put_guarded(Self& self, Handle queue, bool reserved, const Entry& entry, Key key) {
  const Promise promise(self, queue, Queue::PUTTERS, reserved);
  Wakes wakes(self);
  Guard guard(self, queue);
  GuardedQueue guarded(self, guard, wakes, queue);
  if (reserved) {
    guarded.use_place();
    promise.use(guard, queue);
  }
  const OutcomeCode outcome = guarded.put(reserved, entry, key);
  // A place that was reserved and not used is free for the next.
  guarded.settle();
  return outcome;
}

OutcomeCode put_entry(Self& self, Handle queue, bool reserved, const Entry& entry, Key key) {
  const QueueView view(self, queue);
  if (!reserved && view.has_ring()) {
    EntryRing ring = view.put_ring();
    RingClaim claim(self, queue, Queue::PUT_RING, ring.index());
    if (ring.push(claim, entry) == EntryRing::Outcome::kDone) {
      notice(self, queue, ring, Ring::GET_WAITING);
      return Outcome::OK;
    }
  }
  return put_guarded(self, queue, reserved, entry, key);
}

// Lets what a thread waits for gather, where a batch of it fits.
void gather(Self& self, const QueueView& view, int32_t list) {
  const int32_t max_size = view.max_size();
  if (!view.has_ring() || !self.spinner.spins() || (max_size != 0 && max_size < 2 * Gatherer::kEnough))
    return;
  self.gatherer.gather([&] { return list == Queue::PUTTERS ? view.places() : view.size(); });
}

// Of large items so many bytes may lie in a queue before who puts more of them looks whether they are being
// taken.
constexpr int64_t kBytesAhead = 256 * 1024;

constexpr bool is_large(int64_t bytes) {
  return bytes > static_cast<int64_t>(PayloadStore::kChunkLimit);
}

// Lets those who take large items catch up. The further a thread runs ahead of them, the more memory its
// items go round in, and the less of that is still in a cache: close together both sides are faster. Where
// nobody takes any, little time is lost over it.
void pace(Self& self, const QueueView& view, int64_t bytes) {
  const auto is_ahead = [&] { return view.size() * bytes > kBytesAhead; };
  if (!is_ahead()) return;
  (void)self.pacer.spin(
      Deadline::never(), [&] { return !is_ahead(); }, kLongestPause);
}

// Whether putters are close ahead with small items, which then had better gather first. Large ones take
// longer to come than a thread pauses for.
bool has_putters_close(const QueueView& view) {
  if (!view.has_ring()) return false;
  const EntryRing ring = view.get_ring();
  return ring.is_close_to_putters() && !ring.is_large_at_head();
}

// Spins at a queue until a look at it says enough; false when the thread had better stand in line.
template <class Look>
bool spin_at(Self& self, Handle queue, int32_t list, Look look) {
  const QueueView view(self, queue);
  const auto has_what_is_wanted = [&] { return list == Queue::PUTTERS ? view.has_place() : view.has_item(); };
  const auto is_enough = [&] {
    if (has_what_is_wanted()) {
      gather(self, view, list);
    } else if (!view.is_shut_down()) {
      return false;
    }
    return look();
  };
  return self.spinner.spin(Deadline::never(), is_enough, kLongestPause);
}

// Reserves at once, or waits in `list` to be granted a reservation.
OutcomeOrTicket await(Self& self, Handle queue, Mode mode, Deadline deadline, int32_t list) {
  const bool putter = list == Queue::PUTTERS;
  Handle node = 0;
  {
    Wakes wakes(self);
    Guard guard(self, queue);
    GuardedQueue guarded(self, guard, wakes, queue);
    const bool shut_down = guarded.is_shut_down();
    if (shut_down && putter) return Outcome::SHUT_DOWN;
    const bool reserved = putter ? guarded.reserve_place() : guarded.reserve_item();
    if (!reserved && shut_down) return Outcome::SHUT_DOWN;
    if (!reserved && deadline.is_now()) return Outcome::TIMED_OUT;
    if (reserved || guarded.reserve_after_all(list)) {
      node = promise_to_own(self, guard, queue, list);
      if (node == 0) {
        guarded.use_up(list);
        return Outcome::NO_MEMORY;
      }
      self.reservations.note(queue, list, node);
      return Outcome::GRANTED;
    }
    node = link_waiter(self, guard, queue, list, mode);
    if (node == 0) return Outcome::NO_MEMORY;
    hold_clock(self, node);
  }
  return settle(self, node, mode, deadline, false);
}

// Whether an isolate that lives may be the one that has had the turn which a dead one meant to have. Its
// claim was noted before its turn, and stays until it has published.
bool is_contested(const Self& self, int32_t ring, int32_t position) {
  const Arena& arena = self.arena;
  const int32_t top = arena.get(Header::SLOTS_TOP);
  for (int32_t slot = 0; slot < top; slot++) {
    // Who sweeps is at no put whose turn has come and that is not published.
    if (slot != self.slot &&
        arena.word(slot_word(slot, Slot::RING_QUEUE)).load(std::memory_order_acquire) != 0 &&
        arena.get(slot_word(slot, Slot::RING)) == ring &&
        arena.get(slot_word(slot, Slot::RING_POSITION)) == position &&
        arena.get(slot_word(slot, Slot::STATE)) == SlotState::LIVE && !is_gone(arena, slot)) {
      return true;
    }
  }
  return false;
}

// Fills the place of a put that a dead isolate had begun. Two may have meant to have the turn there, and
// which of them had it only they know: where the other lives, it is waited for until it has published, or has
// seen that it had not the turn. It is within a few instructions of that; if it is stopped there, whoever
// needs the queue waits for it, as for one that is stopped while it holds a guard.
void fill_gap_of_dead(Self& self, Handle queue, int32_t at, int32_t position) {
  constexpr int kLooks = 100;
  const EntryRing ring(self.arena, at);
  for (int looks = 0; ring.is_gap(static_cast<uint32_t>(position)); looks++) {
    // After the look at TAIL: who lives and has had the turn is seen.
    if (!is_contested(self, at, position)) {
      Wakes wakes(self);
      Guard guard(self, queue);
      GuardedQueue(self, guard, wakes, queue).fill_gap(ring, static_cast<uint32_t>(position));
      return;
    }
    if (looks < kLooks) {
      ring.await_publication();
    } else {
      int32_t nobody_wakes = 0;
      futex_wait(&nobody_wakes, 0, Deadline::after_ms(1));
    }
  }
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

void queue_destroy(Self& self, int32_t slot, Handle queue) {
  if (self.get(queue, Queue::BODY) == 0) return;
  constexpr size_t kSome = 64;
  std::vector<Entry> some;
  do {
    {
      Wakes wakes(self);
      Guard guard(self, queue);
      GuardedQueue guarded(self, guard, wakes, queue);
      some = guarded.take_some(kSome);
      if (some.empty()) guarded.free_memory();
    }
    for (const Entry& entry : some) drop(self, slot, entry);
  } while (!some.empty());
}

OutcomeCode queue_put(Self& self, Handle queue, Turn turn, const PutItem& item) {
  const QueueView view(self, queue);
  const bool reserved = turn == Turn::kPromised;
  auto is_full = [&] { return !reserved && !view.has_place() && !view.is_shut_down(); };
  // A look before a payload is copied for nothing.
  if (is_full() &&
      (turn < Turn::kSpin || !spin_at(self, queue, Queue::PUTTERS, [&] { return !is_full(); }))) {
    return Outcome::FULL;
  }
  if (turn >= Turn::kSpin) {
    const auto bytes = static_cast<int64_t>(item.bytes.size());
    if (is_large(bytes)) {
      pace(self, view, bytes);
    } else if (view.has_ring() && view.put_ring().is_close_to_takers()) {
      gather(self, view, Queue::PUTTERS);
    }
  }
  Entry entry;
  OutcomeCode outcome = Outcome::NO_MEMORY;
  if (PayloadStore(self).put(item, QueueBody::stored_key(view.discipline(), item.key), entry)) {
    outcome = put_entry(self, queue, reserved, entry, item.key);
    if (outcome != Outcome::OK) PayloadStore::free(self.arena.heap(), entry);
  } else if (reserved) {
    const Promise promise(self, queue, Queue::PUTTERS, true);
    queue_unreserve(self, queue, Queue::PUTTERS, promise.node());
  }
  return outcome;
}

OutcomeCode queue_take(Self& self, Handle queue, Turn turn, std::span<uint8_t> scratch, TakenItem& item) {
  Entry entry;
  const QueueView view(self, queue);
  if (turn == Turn::kBehind || (turn == Turn::kSpin && has_putters_close(view)))
    gather(self, view, Queue::GETTERS);
  OutcomeCode outcome = take_entry(self, queue, turn == Turn::kPromised, entry);
  if (outcome == Outcome::EMPTY && turn >= Turn::kSpin) {
    // What comes is taken without a promise, and so without the guard.
    (void)spin_at(self, queue, Queue::GETTERS, [&] {
      outcome = take_entry(self, queue, false, entry);
      return outcome != Outcome::EMPTY;
    });
  }
  if (outcome == Outcome::OK) hand_over(self, queue, entry, scratch, item);
  return outcome;
}

OutcomeCode queue_take_for(Self& self, Handle queue, bool reserved, int32_t broker,
                           std::span<uint8_t> scratch, TakenItem& item, Handle& obstacle) {
  Entry entry;
  obstacle = 0;
  const auto can_go = [&] {
    PayloadStore::each_handle(self.arena.heap(), entry, [&](Handle handle) {
      if (obstacle == 0 && !can_leave(self, handle, broker)) obstacle = handle;
    });
    return obstacle == 0;
  };
  const OutcomeCode outcome = take_guarded(self, queue, reserved, [&](GuardedQueue& guarded) {
    return guarded.peek(entry) && can_go() && guarded.take(entry);
  });
  if (obstacle != 0) return Outcome::MISUSE;
  if (outcome == Outcome::OK) hand_over(self, queue, entry, scratch, item);
  return outcome;
}

OutcomeOrTicket queue_await_place(Self& self, Handle queue, Mode mode, Deadline deadline) {
  return await(self, queue, mode, deadline, Queue::PUTTERS);
}

OutcomeOrTicket queue_await_item(Self& self, Handle queue, Mode mode, Deadline deadline) {
  return await(self, queue, mode, deadline, Queue::GETTERS);
}

void queue_unreserve(Self& self, Handle queue, int32_t list, Handle promise) {
  Wakes wakes(self);
  Guard guard(self, queue);
  GuardedQueue guarded(self, guard, wakes, queue);
  if (promise != 0) guard.set(promise, Node::STATE, Outcome::TIMED_OUT);
  guarded.use_up(list);
  guarded.settle();
}

void queue_notice(Self& self, Handle queue, int32_t list) {
  Doomed doomed(self);
  std::vector<Entry> late;
  {
    Wakes wakes(self);
    Guard guard(self, queue);
    GuardedQueue guarded(self, guard, wakes, queue);
    if (list == Queue::GETTERS && guarded.drops_items()) late = guarded.clear();
    guarded.settle();
  }
  for (const Entry& entry : late) drop(self, self.slot, entry);
}

bool queue_retry(Self& self, Handle queue, Handle node) {
  // The thread does not come back to its loop soon, which has to be rung then.
  Wakes wakes(self, Wakes::kOwnLoopToo);
  Guard guard(self, queue);
  GuardedQueue guarded(self, guard, wakes, queue);
  const bool granted = guarded.retry(node);
  // Who was granted it settles when it uses it, or gives it back. The others are not woken before: a
  // thread that wakes another may lose its core to it, and the ring is closed until the promise is used.
  if (!granted) guarded.settle();
  return granted;
}

void queue_waiter_left(Self& self, const Guard& guard, Wakes& wakes, Handle queue, int32_t list) {
  if (list == Queue::JOINERS) return;
  GuardedQueue guarded(self, guard, wakes, queue);
  guarded.settle();
}

void queue_settle(Self& self, const Guard& guard, Wakes& wakes, Handle queue) {
  GuardedQueue guarded(self, guard, wakes, queue);
  guarded.mend();
}

void queue_repair(Self& self, int32_t dead_slot) {
  auto claim = self.arena.word(slot_word(dead_slot, Slot::RING_QUEUE));
  const Handle queue = claim.load(std::memory_order_acquire);
  if (queue == 0) return;
  const int32_t position = self.arena.get(slot_word(dead_slot, Slot::RING_POSITION));
  const int32_t at = self.arena.get(slot_word(dead_slot, Slot::RING));
  const bool put = (position & 1) == 0;
  if (put) fill_gap_of_dead(self, queue, at, position);
  claim.store(0, std::memory_order_release);
  queue_notice(self, queue, put ? Queue::GETTERS : Queue::PUTTERS);
}

OutcomeCode queue_task_done(Self& self, Handle queue) {
  Wakes wakes(self);
  Guard guard(self, queue);
  GuardedQueue guarded(self, guard, wakes, queue);
  if (guarded.unfinished() <= 0) return Outcome::MISUSE;
  guarded.task_done();
  return Outcome::OK;
}

OutcomeOrTicket queue_join(Self& self, Handle queue, Mode mode, Deadline deadline) {
  Handle node = 0;
  {
    Wakes wakes(self);
    Guard guard(self, queue);
    GuardedQueue guarded(self, guard, wakes, queue);
    if (guarded.unfinished() == 0) return Outcome::GRANTED;
    if (deadline.is_now()) return Outcome::TIMED_OUT;
    node = link_waiter(self, guard, queue, Queue::JOINERS, mode);
    if (node == 0) return Outcome::NO_MEMORY;
  }
  return settle(self, node, mode, deadline, true);
}

void queue_shutdown(Self& self, Handle queue, bool immediate, Wakes::Scope scope) {
  // Destroyed last: what the dropped items held may be destroyed, once no guard is held.
  Doomed doomed(self);
  std::vector<Entry> dropped;
  {
    Wakes wakes(self, scope);
    Guard guard(self, queue);
    GuardedQueue guarded(self, guard, wakes, queue);
    dropped = guarded.shut_down(immediate);
    guarded.settle();
  }
  for (const Entry& entry : dropped) drop(self, self.slot, entry);
}

void queue_resize(Self& self, Handle queue, int32_t max_size) {
  Wakes wakes(self);
  Guard guard(self, queue);
  GuardedQueue guarded(self, guard, wakes, queue);
  guarded.resize(max_size);
  guarded.settle();
}

}  // namespace heddle

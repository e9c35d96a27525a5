// A queue whose guard is held: what is in it, what is promised, and who is next in line. See queue.h.
//
// What a ring is given or loses comes into force when the section stands, and the queue is looked at only
// then. In between, and wherever a section ends, the queue is whole but for those who wait: settle(), or a
// sweep's mend(), sees to them.
#pragma once

#include <vector>

#include "entry_ring.h"
#include "queue_body.h"
#include "waiting.h"

namespace heddle {

// The looks that need no guard; without it they are hints.
class QueueView {
 public:
  QueueView(const Self& self, Handle queue) : self_(self), queue_(queue) {}

  [[nodiscard]] bool has_ring() const { return get(layout::Queue::RING) != 0; }
  // The first ring and the last, which may be the same. Without the guard, they may be another queue's soon.
  [[nodiscard]] EntryRing get_ring() const { return ring_at(layout::Queue::RING); }
  [[nodiscard]] EntryRing put_ring() const { return ring_at(layout::Queue::PUT_RING); }
  [[nodiscard]] bool is_shut_down() const { return (state() & layout::Queue::SHUT_DOWN) != 0; }
  [[nodiscard]] bool has_place() const;
  [[nodiscard]] bool has_item() const;
  // Of the body.
  [[nodiscard]] int32_t count() const { return get(layout::Queue::COUNT); }
  // Of the rings: 0 only if there was a moment at which they were all empty.
  [[nodiscard]] int32_t in_rings() const;
  // Of body and rings.
  [[nodiscard]] int32_t size() const { return count() + in_rings(); }
  // 0: unbounded.
  [[nodiscard]] int32_t max_size() const { return get(layout::Queue::MAX_SIZE); }
  // Free ones, those promised included.
  [[nodiscard]] int32_t places() const { return max_size() == 0 ? INT32_MAX : max_size() - size(); }
  [[nodiscard]] int32_t discipline() const { return get(layout::Queue::DISCIPLINE); }

 protected:
  // Calls visit(ring) for each, which may be taken away then.
  template <class Visit>
  void each_ring(Visit visit) const;
  [[nodiscard]] int32_t blanks_in_rings() const;
  [[nodiscard]] int32_t state() const { return get(layout::Cell::STATE); }
  [[nodiscard]] int32_t get(int32_t offset) const { return self_.get(queue_, offset); }
  // acquire: pairs with who gave the queue the ring.
  [[nodiscard]] EntryRing ring_at(int32_t side) const {
    return {self_.arena, self_.word(queue_, side).load(std::memory_order_acquire)};
  }

  const Self& self_;
  Handle queue_;
};

class GuardedQueue : public QueueView {
 public:
  // The guard is the queue's.
  GuardedQueue(Self& self, const Guard& guard, Wakes& wakes, Handle queue)
      : QueueView(self, queue), self_(self), guard_(guard), wakes_(wakes), frees_(self.arena.heap()) {}
  // Opens the ring again where nothing is in the way.
  ~GuardedQueue();
  GuardedQueue(const GuardedQueue&) = delete;
  GuardedQueue& operator=(const GuardedQueue&) = delete;

  // Sees to all that wait, now that something has changed.
  void settle();
  // Finishes what a section that was cut short left to do.
  void mend();

  // Promises the caller a place, or an item. False when there is none to promise.
  [[nodiscard]] bool reserve_place() { return reserve(kPutters); }
  [[nodiscard]] bool reserve_item() { return reserve(kGetters); }
  // Uses up such a promise; a shutdown may have cancelled it.
  void use_up(int32_t list);
  void use_place() { use_up(layout::Queue::PUTTERS); }
  void use_item() { use_up(layout::Queue::GETTERS); }

  // OK, FULL, SHUT_DOWN, INCOMPARABLE or NO_MEMORY. `promised`: the caller has used up a place.
  [[nodiscard]] OutcomeCode put(bool promised, const Entry& entry, Key key);
  // Takes an item that is not promised to anybody; the caller may have used up his own. False when there
  // is none.
  [[nodiscard]] bool take(Entry& entry);
  // What take() would take, which stays.
  [[nodiscard]] bool peek(Entry& entry);

  // For who found nothing to reserve: whoever brings something from now on sees to the waiters. True when
  // it came in the meantime and is promised to the caller, who must be linked otherwise.
  [[nodiscard]] bool reserve_after_all(int32_t list);
  // A told waiter looks again: true when it was promised what it waits for, and has left its list.
  [[nodiscard]] bool retry(Handle node);

  // Fills the place of a put that a dead isolate had begun in a ring.
  void fill_gap(EntryRing ring, uint32_t position);

  [[nodiscard]] int32_t unfinished() const;
  void task_done();
  void finish_joiners();
  // Takes out all items, and counts them as done.
  [[nodiscard]] std::vector<Entry> clear();
  // Takes out some items that are counted as they are.
  [[nodiscard]] std::vector<Entry> take_some(size_t most);
  // Lets go of the rings, and of the body. What there was in them is gone.
  void free_memory();
  // Refuses puts from now on; the items dropped.
  [[nodiscard]] std::vector<Entry> shut_down(bool immediate);
  void resize(int32_t max_size);
  [[nodiscard]] bool drops_items() const { return (state() & layout::Queue::DROPS_ITEMS) != 0; }

 private:
  // Getters and what they wait for, or putters.
  struct Line {
    int32_t list;
    int32_t flag;
    int32_t promises;
  };
  static const Line kGetters;
  static const Line kPutters;
  [[nodiscard]] static const Line& line_of(int32_t list);

  void set(int32_t offset, int32_t value) { guard_.set(queue_, offset, value); }
  void add(int32_t offset, int32_t amount) { guard_.add(queue_, offset, amount); }
  void add_unfinished(int32_t amount);
  // Ends the section and begins another.
  void stand();
  [[nodiscard]] QueueBody body();
  [[nodiscard]] QueueBody::State& body_state() const;
  // Of a queue that is shut down, with all items given or gone.
  void end_waits();
  void warm_up();
  // Gives the queue a ring more. False when there is none left.
  bool add_ring();
  // Of the last ring: what it may hold while no more is in the others than now.
  void set_limit();
  // The n-th item from the first on can be taken, once those before it are.
  [[nodiscard]] bool is_published(uint32_t n) const;
  void refill();
  void look_at_head();
  [[nodiscard]] bool is_there(const Line& line);
  [[nodiscard]] bool reserve(const Line& line);
  void close(const Line& line);
  void open_if_free(const Line& line);
  void set_waited_for(const Line& line, bool waited_for);
  [[nodiscard]] bool wants_promise(Handle node) const;
  void settle(const Line& line);

  Self& self_;
  const Guard& guard_;
  Wakes& wakes_;
  LateFrees frees_;
};

}  // namespace heddle

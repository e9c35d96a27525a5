// A ring of a busy FIFO queue: items put and taken without the queue's guard. When it is full the queue gets
// another one, so that there may be several:
//
//   Queue::RING ──► ring ──NEXT──► ring ──NEXT──► ring ◄── Queue::PUT_RING
//                   HEAD open      both closed    TAIL open
//
//   putter                                      taker
//   ──────                                      ─────
//   TAIL: t → t + 1     the place is its own    SEQUENCE of entry HEAD says "published at h"?
//   write the entry                             copy the entry
//   SEQUENCE = t | 1    published               HEAD: h → h + 1     the copy is its own
//   GET_WAITING? tell                           PUT_WAITING? tell
//
// A copy may be torn while others take and put in the meantime, but then HEAD has moved and the copy is
// thrown away. A place is free again as soon as HEAD has passed it, so a take is one step and leaves
// nothing half done. A put has two: RingClaim names it in the isolate's slot, so that a sweep can
// publish a blank entry in the place of one whose putter died. Takers pass by it; until then it lies between
// TAIL and HEAD and is no item, so that who counts the items looks at LAST_BLANK.
//
// SLOW in TAIL or HEAD leaves that side to the holder of the queue's guard: the functions named
// *_closed are for it alone. Setting it is a step on the same word that putters or takers change, so
// whoever has not had its turn by then sees it. What it puts and takes comes into force when its section
// stands, and a side is opened after that: until then an entry it took is still there, and one it put can
// only be waited for.
//
// Rings come and go under the guard. Who reads RING and then the HEAD of that ring may find the ring gone
// from the queue, and in the service of another; therefore he looks at RING again after HEAD
// (RingClaim::holds). HEAD has then been read while the ring was the queue's, or before; and as it never goes
// back, the step on it succeeds only if nothing has changed since. Likewise PUT_RING and TAIL.
//
// Nobody sleeps through a put: who waits sets GET_WAITING and then looks for a published entry, who
// puts publishes and then looks at GET_WAITING, all sequentially consistent, so one of them sees the
// other. Likewise PUT_WAITING and HEAD.
#pragma once

#include "payload_store.h"
#include "self.h"
#include "step.h"

namespace heddle {

class Guard;

// What the isolate is doing to a ring, noted in its slot for as long as this lives.
class RingClaim {
 public:
  // `side`: Queue::RING or Queue::PUT_RING, which has been read as `ring`.
  RingClaim(const Self& self, Handle queue, int32_t side, int32_t ring)
      : self_(self), queue_(queue), side_(side), ring_(ring) {}
  // release: who sees no claim sees what was published.
  ~RingClaim() {
    self_.arena.word(slot_word(self_.slot, layout::Slot::RING_QUEUE)).store(0, std::memory_order_release);
  }
  RingClaim(const RingClaim&) = delete;
  RingClaim& operator=(const RingClaim&) = delete;

  // Before the step that changes TAIL or HEAD.
  void put_at(uint32_t tail) { note(tail); }
  void take_at(uint32_t head) { note(head | 1); }
  // Whether the ring is still that one; see above.
  [[nodiscard]] bool holds() const {
    return self_.word(queue_, side_).load(std::memory_order_acquire) == ring_;
  }

 private:
  void note(uint32_t position) {
    self_.arena.set(slot_word(self_.slot, layout::Slot::RING_POSITION), static_cast<int32_t>(position));
    self_.arena.set(slot_word(self_.slot, layout::Slot::RING), ring_);
    self_.arena.set(slot_word(self_.slot, layout::Slot::RING_QUEUE), queue_);
  }

  const Self& self_;
  Handle queue_;
  int32_t side_;
  int32_t ring_;
};

class EntryRing {
 public:
  // kNo: full, or empty. kSlow: only the holder of the guard may.
  enum class Outcome : uint8_t { kDone, kNo, kSlow };

  // `ring`: see layout::Queue::RING. 0: only to be asked whether it exists().
  EntryRing(const Arena& arena, int32_t ring) : words_(arena.words() + ring), ring_(ring) {}

  // Gives a queue a ring more, as its last, with nothing in it and both sides closed. False when there is
  // none left. The queue's guard is held, in a section that has changed nothing.
  [[nodiscard]] static bool append(Self& self, Handle queue);
  // Takes the first ring of a queue away from it. What is in it is gone.
  static void remove_first(Self& self, Handle queue);

  [[nodiscard]] bool exists() const { return ring_ != 0; }
  [[nodiscard]] int32_t index() const { return ring_; }
  [[nodiscard]] int32_t next() const { return static_cast<int32_t>(load(layout::Ring::NEXT)); }

  [[nodiscard]] Outcome push(RingClaim& claim, const Entry& entry);
  [[nodiscard]] Outcome pop(RingClaim& claim, Entry& entry);

  // Entries put and not taken, those included that are not published yet, or blank.
  [[nodiscard]] uint32_t size() const {
    // seq_cst: see PUT_WAITING. HEAD first, which is never ahead of a later TAIL.
    const uint32_t head = ref(layout::Ring::HEAD).load(std::memory_order_seq_cst);
    return distance(ref(layout::Ring::TAIL).load(std::memory_order_seq_cst), head);
  }
  [[nodiscard]] bool is_full() const { return size() >= layout::RING_ENTRIES; }
  // Of the queue, so far, modulo 2^31: those before its TAIL, or its HEAD. seq_cst: see PUT_WAITING.
  [[nodiscard]] int32_t puts() const { return count_before(layout::Ring::TAIL); }
  [[nodiscard]] int32_t takes() const { return count_before(layout::Ring::HEAD); }
  // Of the entries from HEAD on.
  [[nodiscard]] int32_t blanks() const;
  // Whether the n-th entry from HEAD on can be taken, once those before it are.
  [[nodiscard]] bool is_published(uint32_t n) const;
  // Whether the other side is at the heels of who goes on: the next line of entries is still to be put, or
  // taken, so that he needs the very lines that the other one has just written, or read. Hints.
  [[nodiscard]] bool is_close_to_putters() const;
  [[nodiscard]] bool is_close_to_takers() const;
  // Whether the next entry to be taken has a large payload. A hint.
  [[nodiscard]] bool is_large_at_head() const;
  // Waits for what was begun before TAIL was closed, but not for ever: a putter may have died.
  void await_publication() const;

  void set_limit(uint32_t limit) {
    // It lies on a line that others read all the time.
    if (ref(layout::Ring::LIMIT).load(std::memory_order_relaxed) != limit) {
      word(layout::Ring::LIMIT).store(limit, std::memory_order_relaxed);
    }
  }
  [[nodiscard]] bool is_waited_for(int32_t list_flag) const {
    return ref(list_flag).load(std::memory_order_seq_cst) != 0;
  }
  void set_waited_for(int32_t list_flag, bool waited_for) {
    word(list_flag).store(waited_for ? 1 : 0, std::memory_order_seq_cst);
  }

  void close_tail() { close(layout::Ring::TAIL); }
  void close_head() { close(layout::Ring::HEAD); }
  void open_tail() { open(layout::Ring::TAIL); }
  void open_head() { open(layout::Ring::HEAD); }

  // Into a ring that is not full.
  void push_closed(const Guard& guard, const Entry& entry);
  // The entry that pop_closed() would take.
  [[nodiscard]] bool peek_closed(Entry& entry) const;
  // False unless is_published(0). Once in a section.
  [[nodiscard]] bool pop_closed(const Guard& guard, Entry& entry);
  // What a section that stands has done to the ring; again does no harm while the sides it has used are
  // closed.
  void carry_out(uint32_t from, uint32_t to, uint32_t head);
  [[nodiscard]] bool is_blank_at_head() const { return is_blank_at(load(layout::Ring::HEAD)); }
  // Passes by them, at once.
  void skip_blanks_closed();

  // Whether a put that was begun with TAIL at `tail` has had its turn and has not published yet. If the ring
  // serves another queue by now, its positions are beyond that one.
  [[nodiscard]] bool is_gap(uint32_t tail) const;
  // Publishes a blank entry there, if so. TAIL is closed.
  void fill_gap(const Guard& guard, uint32_t tail);

 private:
  static constexpr uint32_t kSlow = layout::Ring::SLOW;
  static constexpr uint32_t kStep = 2;
  // What is closer to each other than so many entries shares a line.
  static constexpr uint32_t kClose = 4;
  // Of free rings, so many keep their memory.
  static constexpr int32_t kResidentRings = 64;

  void begin_anew(int32_t puts) const;
  [[nodiscard]] int32_t count_before(int32_t side) const {
    const uint32_t position = ref(side).load(std::memory_order_seq_cst) / kStep;
    return static_cast<int32_t>((position + load(layout::Ring::BEFORE)) & INT32_MAX);
  }

  [[nodiscard]] static uint32_t distance(uint32_t tail, uint32_t head) {
    return ((tail & ~kSlow) - (head & ~kSlow)) / kStep;
  }
  // To be read, or changed where that is no step.
  [[nodiscard]] std::atomic_ref<uint32_t> ref(int32_t offset) const {
    return std::atomic_ref<uint32_t>(reinterpret_cast<uint32_t&>(words_[offset]));
  }
  [[nodiscard]] std::atomic_ref<uint32_t> word(int32_t offset) const {
    HEDDLE_ACCESS();
    return ref(offset);
  }
  [[nodiscard]] uint32_t load(int32_t offset) const { return ref(offset).load(std::memory_order_acquire); }
  // Only the holder of the guard changes SLOW, so that it can tell by a look whether there is anything to do.
  [[nodiscard]] bool is_closed(int32_t side) const {
    return (ref(side).load(std::memory_order_relaxed) & kSlow) != 0;
  }
  void close(int32_t side) {
    if (!is_closed(side)) word(side).fetch_or(kSlow, std::memory_order_seq_cst);
  }
  void open(int32_t side) {
    if (is_closed(side)) word(side).fetch_and(~kSlow, std::memory_order_seq_cst);
  }
  // The first words of head and body of the entry for a position.
  [[nodiscard]] static int32_t head_at(uint32_t position) {
    return layout::RING_HEADER_WORDS + index_of(position) * layout::WORDS_PER_RING_HEAD;
  }
  [[nodiscard]] static int32_t body_at(uint32_t position) {
    return layout::RING_BODIES + index_of(position) * layout::WORDS_PER_RING_BODY;
  }
  [[nodiscard]] static int32_t index_of(uint32_t position) {
    return static_cast<int32_t>((position / kStep) % layout::RING_ENTRIES);
  }
  [[nodiscard]] std::atomic_ref<uint32_t> sequence_at(uint32_t position) const {
    return ref(head_at(position) + layout::RingHead::SEQUENCE);
  }
  [[nodiscard]] bool is_published_at(uint32_t position) const;
  // Of a published entry.
  [[nodiscard]] Entry::Place place_at(uint32_t position) const;
  [[nodiscard]] bool is_blank_at(uint32_t position) const {
    return is_published_at(position) && place_at(position) == Entry::kNowhere;
  }
  [[nodiscard]] bool has_room(uint32_t tail) const;
  void copy_out(uint32_t position, Entry& entry) const;
  void write(uint32_t position, const Entry& entry) const;
  void publish(uint32_t position, std::memory_order order) const {
    HEDDLE_STEP();
    sequence_at(position).store((position & ~kSlow) | 1, order);
  }

  int32_t* words_;
  int32_t ring_;
};

}  // namespace heddle

// The ring of a busy FIFO queue: its oldest items, put and taken without the queue's guard.
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
// publish a blank entry in the place of one whose putter died.
//
// SLOW in TAIL or HEAD leaves that side to the holder of the queue's guard: the functions named
// *_closed are for it alone. Setting it is a step on the same word that putters or takers change, so
// whoever has not had its turn by then sees it. What it puts and takes comes into force when its section
// stands, and a side is opened after that: until then an entry it took is still there, and one it put can
// only be waited for.
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
  RingClaim(const Self& self, Handle queue) : self_(self), queue_(queue) {}
  // release: who sees no claim sees what was published.
  ~RingClaim() {
    self_.arena.word(slot_word(self_.slot, layout::Slot::RING_QUEUE)).store(0, std::memory_order_release);
  }
  RingClaim(const RingClaim&) = delete;
  RingClaim& operator=(const RingClaim&) = delete;

  // Before the step that changes TAIL or HEAD.
  void put_at(uint32_t tail) { note(tail); }
  void take_at(uint32_t head) { note(head | 1); }

 private:
  void note(uint32_t position) {
    self_.arena.set(slot_word(self_.slot, layout::Slot::RING_POSITION), static_cast<int32_t>(position));
    self_.arena.set(slot_word(self_.slot, layout::Slot::RING_QUEUE), queue_);
  }

  const Self& self_;
  Handle queue_;
};

class EntryRing {
 public:
  // kNo: full, or empty. kSlow: only the holder of the guard may.
  enum class Outcome : uint8_t { kDone, kNo, kSlow };

  // `ring`: see layout::Queue::RING.
  EntryRing(const Arena& arena, int32_t ring) : words_(arena.words() + ring), ring_(ring) {}

  // Makes a word of the arena name a ring with nothing in it, both sides closed, for at most `limit` entries;
  // false when there is none left.
  [[nodiscard]] static bool attach(const Self& self, int32_t word, uint32_t limit);
  // The word becomes 0.
  static void detach(const Self& self, int32_t word);

  [[nodiscard]] Outcome push(RingClaim& claim, const Entry& entry);
  [[nodiscard]] Outcome pop(RingClaim& claim, Entry& entry);

  // Entries put and not taken, those included that are not published yet.
  [[nodiscard]] uint32_t size() const {
    // seq_cst: see PUT_WAITING. HEAD first, which is never ahead of a later TAIL.
    const uint32_t head = ref(layout::Ring::HEAD).load(std::memory_order_seq_cst);
    return distance(ref(layout::Ring::TAIL).load(std::memory_order_seq_cst), head);
  }
  [[nodiscard]] bool is_full() const { return size() >= layout::RING_ENTRIES; }
  // Puts so far.
  [[nodiscard]] int32_t puts() const { return static_cast<int32_t>(load(layout::Ring::TAIL) >> 1); }
  // Whether the n-th entry from HEAD on can be taken, once those before it are.
  [[nodiscard]] bool is_published(uint32_t n) const;
  // Waits for what was begun before TAIL was closed, but not for ever: a putter may have died.
  void await_publication() const;

  void set_limit(uint32_t limit) { word(layout::Ring::LIMIT).store(limit, std::memory_order_relaxed); }
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
  // False unless is_published(0). Once in a section.
  [[nodiscard]] bool pop_closed(const Guard& guard, Entry& entry);
  // What a section that stands has done to the ring; again does no harm while the sides it has used are
  // closed.
  void carry_out(uint32_t from, uint32_t to, uint32_t head);
  [[nodiscard]] bool is_blank_at_head() const {
    return is_published_at(load(layout::Ring::HEAD)) && !is_published(0);
  }
  // Passes by them, at once.
  void skip_blanks_closed();

  // Publishes a blank entry where a put was begun with TAIL at `tail`, unless that put never had its
  // turn or was published.
  void fill_gap(uint32_t tail);

 private:
  static constexpr uint32_t kSlow = layout::Ring::SLOW;
  static constexpr uint32_t kStep = 2;

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
  // Of the first word of the entry for a position.
  [[nodiscard]] static int32_t entry_at(uint32_t position) {
    return layout::RING_HEADER_WORDS +
           static_cast<int32_t>((position / kStep) % layout::RING_ENTRIES) * layout::WORDS_PER_ENTRY;
  }
  [[nodiscard]] std::atomic_ref<uint32_t> sequence_at(uint32_t position) const {
    return ref(entry_at(position) + layout::RingEntry::SEQUENCE);
  }
  [[nodiscard]] bool is_published_at(uint32_t position) const;
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

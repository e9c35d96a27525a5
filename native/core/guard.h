// The guard of a shared object: a lock of one word, held for a few instructions, and the section of changes
// that are made under it, as a whole or not at all (see journal.h).
//
//   0                                                free
//   generation << 11 | (slot + 1) << 1 | contended   held; `contended` when somebody may sleep on the word
//
// The owner's slot is in it so that a guard whose owner died can be recognised: who waits for one long asks
// whether its holder's process is gone, and then sweeps that first. The slot's generation, so that a guard of
// the dead is not mistaken for one of who has the slot next.
//
// Invariants, by which a sweep can finish for the dead what they had begun:
//   - an isolate is in one section of each level at most, and its journal says under which guard;
//   - before a section stands only logged words have changed, apart from words that nobody reads (of nodes
//     that are not linked, or are being granted) and hints; after it nothing is undone;
//   - PARKED in a state word may be wrong until the section ends, and is made right by the sweep, which
//   settles
//     the object before it sets the guard free.
#pragma once

#include <cstdint>

#include "journal.h"
#include "self.h"

namespace heddle {

class Wakes;

// How long one waits for a guard before its holder is suspected to be dead: it is held for microseconds.
inline constexpr int64_t kSuspiciousNs = 50'000'000;

// The slot in a guard's word, -1 when it is free.
[[nodiscard]] constexpr int32_t holder_of(int32_t guard) {
  return ((guard >> 1) & 0x3ff) - 1;
}
static_assert(layout::MAX_SLOTS < 0x3ff);
// What an isolate writes into the word.
[[nodiscard]] inline int32_t holding(const Arena& arena, int32_t slot) {
  const int32_t generation = arena.get(slot_word(slot, layout::Slot::GENERATION)) & 0xfffff;
  return generation << 11 | (slot + 1) << 1;
}

// Logged changes on one level.
class Section {
 public:
  Section(const Section&) = delete;
  Section& operator=(const Section&) = delete;

  // Changes a word of the control segment.
  void set(int32_t word, int32_t value) const {
    note(static_cast<uint64_t>(word) * sizeof(int32_t), static_cast<uint32_t>(arena_.get(word)));
    arena_.set(word, value);
    HEDDLE_STEP();
  }
  void set(Handle handle, int32_t offset, int32_t value) const { set(handle + offset, value); }
  void add(Handle handle, int32_t offset, int32_t amount) const {
    set(handle + offset, arena_.get(handle + offset) + amount);
  }
  // The same, and who acquires the word, without the guard, sees all that was written before.
  void publish(int32_t word, int32_t value) const {
    note(static_cast<uint64_t>(word) * sizeof(int32_t), static_cast<uint32_t>(arena_.get(word)));
    arena_.word(word).store(value, std::memory_order_release);
    HEDDLE_STEP();
  }
  // Changes a variable of 32 or 64 bits anywhere in the arena.
  template <class T>
  void set_at(T& variable, T value) const {
    static_assert(sizeof(T) == 4 || sizeof(T) == 8);
    std::atomic_ref<T> word(variable);
    const auto where = static_cast<uint64_t>(reinterpret_cast<std::byte*>(&variable) -
                                             reinterpret_cast<std::byte*>(arena_.words()));
    note(sizeof(T) == 8 ? where | SlotJournal::kLong : where,
         static_cast<uint64_t>(word.load(std::memory_order_relaxed)));
    word.store(value, std::memory_order_relaxed);
    HEDDLE_STEP();
  }

  // Takes a word that fast paths race for out of their reach: from a value to one that only the holder of the
  // guard can write or change. Undone only where it was done. False when the word was not `seen`, which is
  // then what it is.
  [[nodiscard]] bool seize(int32_t word, int32_t& seen, int32_t value) const {
    note(static_cast<uint64_t>(word) * sizeof(int32_t) | SlotJournal::kIfSeized,
         static_cast<uint64_t>(static_cast<uint32_t>(value)) << 32 | static_cast<uint32_t>(seen));
    const bool seized = arena_.word(word).compare_exchange_strong(seen, value, std::memory_order_acq_rel,
                                                                  std::memory_order_relaxed);
    HEDDLE_STEP();
    return seized;
  }

 protected:
  Section(const Arena& arena, int32_t slot, const SlotJournal::Level& level)
      : arena_(arena), journal_(arena, slot), level_(level) {}
  ~Section() = default;

  void note(uint64_t where, uint64_t before) const {
    journal_.log(level_, count_, where, before);
    count_++;
  }

  const Arena& arena_;
  SlotJournal journal_;
  const SlotJournal::Level& level_;
  mutable int32_t count_ = 0;
};

// A word that is to say, in the same instant in which a section stands, that it did: for what must not be
// done twice.
struct Receipt {
  int32_t word = 0;
  int32_t value = 0;

  [[nodiscard]] bool is_wanted() const { return word != 0; }
  void give(const Section& section) const {
    if (word != 0) section.set(word, value);
  }
};

// The guard of an object's cell.
class [[nodiscard]] Guard : public Section {
 public:
  Guard(const Self& self, Handle object) : Guard(self.arena, self.slot, object + layout::Cell::GUARD) {}

  Guard(const Arena& arena, int32_t slot, int32_t word_index)
      : Section(arena, slot, SlotJournal::kOuter), word_(word_index), slot_(slot) {
    journal_.set(layout::Journal::GUARD, word_index);
    HEDDLE_STEP();
    int32_t free = 0;
    // acquire: pairs with the release of the holder before; all it wrote is seen.
    if (!arena.word(word_).compare_exchange_strong(free, holding(arena, slot), std::memory_order_acquire,
                                                   std::memory_order_relaxed)) {
      lock_contended();
    }
    HEDDLE_STEP();
  }

  ~Guard() {
    conclude();
    // The journal after the guard: it may name a guard that is not held, but not the other way round.
    const int32_t before = arena_.word(word_).exchange(0, std::memory_order_release);
    HEDDLE_STEP();
    journal_.set(layout::Journal::GUARD, 0);
    if ((before & kContended) != 0) wake_next();
  }

  // The node, which is in no list any more, gets that outcome when the section stands. Its VALUE is what it
  // is.
  void grant(Wakes& wakes, Handle node, OutcomeCode outcome) const;
  // A word changes from one value to another in the instant in which the section stands, before the grants
  // are delivered. Nobody else can change it before. At most one in a section.
  void change_state(int32_t word, int32_t from, int32_t to) const {
    journal_.set(layout::Journal::STATE_FROM, from);
    journal_.set(layout::Journal::STATE_TO, to);
    journal_.set(layout::Journal::STATE_WORD, word);
    has_state_ = true;
  }

  // When the section stands, before the grants are delivered: the entry of a ring at a position, which
  // follows on the last one named, is published.
  void publish_entry(int32_t ring, uint32_t position, uint32_t next) const;
  // And HEAD, which is closed, becomes `head`.
  void move_head(int32_t ring, uint32_t head) const;

  // Ends the section, and begins another.
  void stand() const;
  // When much has been logged, a loop is to do that wherever the object is whole between two turns.
  [[nodiscard]] bool is_long() const { return count_ >= SlotJournal::kOuter.capacity / 2; }

  // Ends, for a sweep, the section in which a dead isolate held a guard, and takes that guard over: an object
  // whose state is to be settled is left in a section of the caller's. False when the dead held none.
  struct Inherit {};
  [[nodiscard]] static bool is_held_by_dead(const Arena& arena, int32_t dead);
  // If is_held_by_dead().
  Guard(Inherit, const Self& self, Wakes& wakes, int32_t dead);
  [[nodiscard]] Handle object() const { return word_ - layout::Cell::GUARD; }

 private:
  static constexpr int32_t kContended = 1;

  void lock_contended();
  // The section stands.
  void conclude() const;
  void commit() const;
  void change_ring(int32_t ring) const;
  void wake_next();

  int32_t word_;
  int32_t slot_;
  // Of the nodes granted.
  mutable Handle last_ = 0;
  mutable bool has_state_ = false;
  mutable bool has_ring_ = false;
  mutable Wakes* wakes_ = nullptr;
};

inline void Guard::conclude() const {
  if (last_ != 0 || has_state_ || has_ring_) commit();
  HEDDLE_STEP();
  if (count_ != 0) journal_.set(layout::Journal::COUNT, 0);
  HEDDLE_STEP();
}

// The guard of an allocator or of the table of slots, which may be taken inside of a Guard. What it protects
// is whole again once the log is undone, so whoever waits for one of a dead isolate takes it over.
class [[nodiscard]] InnerGuard : public Section {
 public:
  // `word_index`: of the header. `dead`: a slot that is swept, whose guard is taken over without waiting.
  InnerGuard(const Arena& arena, int32_t slot, int32_t word_index, int32_t dead = -1);
  ~InnerGuard();

  // Undoes what a dead isolate had begun under an inner guard, if it held one.
  static void repair(const Arena& arena, int32_t slot, int32_t dead);

 private:
  void lock_contended(int32_t dead);
  [[nodiscard]] bool take_over(int32_t seen);

  int32_t word_;
  int32_t slot_;
};

// The guard of the process records: a lock and nothing more. Taken before any other; what is done under it
// may be cut short anywhere. A sweep sets it free.
class [[nodiscard]] RecordsGuard {
 public:
  explicit RecordsGuard(Self& self);
  ~RecordsGuard();
  RecordsGuard(const RecordsGuard&) = delete;
  RecordsGuard& operator=(const RecordsGuard&) = delete;

  // Sets it free if a slot holds it whose isolate is dead, and which the caller has claimed.
  static void repair(const Arena& arena, int32_t dead);

 private:
  const Arena& arena_;
};

// Whether the process of a slot's isolate has ended.
[[nodiscard]] bool is_gone(const Arena& arena, int32_t slot);

}  // namespace heddle

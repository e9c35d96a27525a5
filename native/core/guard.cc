// See guard.h.
#include "guard.h"

#include "entry_ring.h"
#include "futex.h"
#include "processes.h"
#include "spin.h"
#include "thread_slots.h"
#include "waiting.h"

namespace heddle {

using namespace layout;

namespace {

constexpr int32_t kContendedBit = 1;

int32_t* address(const Arena& arena, int32_t word) {
  return &arena.words()[word];
}

// Takes a guard that was not free at the first look. The holder is done in far less time than it takes to
// sleep, unless it lost its core. The pauses are long, so that it can go on for several turns before the
// cache lines of the object have to move: twice the throughput of a queue between two threads, against pauses
// that start at one.
bool spin_for(const Arena& arena, int32_t word_index, int32_t mine) {
  auto word = arena.word(word_index);
  constexpr int kShortestPause = 16;
  constexpr int kLongestPause = 128;
  if (spin_limit_ns() == 0) return false;
  for (int pause = kShortestPause; pause <= kLongestPause; pause += kShortestPause) {
    for (int i = 0; i < pause; i++) cpu_relax();
    int32_t free = 0;
    if (word.load(std::memory_order_relaxed) == 0 &&
        word.compare_exchange_strong(free, mine, std::memory_order_acquire, std::memory_order_relaxed)) {
      return true;
    }
  }
  return false;
}

// Sleeps until the guard was taken: 0; or until somebody has held it for suspiciously long: what is in the
// word.
int32_t sleep_for(const Arena& arena, int32_t word_index, int32_t mine) {
  auto word = arena.word(word_index);
  for (;;) {
    int32_t seen = word.load(std::memory_order_relaxed);
    if (seen == 0) {
      // Contended from the start: others may sleep behind this one, and nobody else remembers.
      if (word.compare_exchange_weak(seen, mine | kContendedBit, std::memory_order_acquire,
                                     std::memory_order_relaxed)) {
        return 0;
      }
      continue;
    }
    const int32_t contended = seen | kContendedBit;
    // relaxed: the holder's exchange reads the bit from this same word.
    if (seen != contended && !word.compare_exchange_weak(seen, contended, std::memory_order_relaxed))
      continue;
    const int64_t suspicious = monotonic_ns() + kSuspiciousNs;
    futex_wait(address(arena, word_index), contended, Deadline::at(suspicious));
    if (monotonic_ns() >= suspicious && word.load(std::memory_order_relaxed) == contended) return contended;
  }
}

// Goes on where the section of a journal says that it stands. All but the first time somebody may have begun.
void complete(const Arena& arena, const SlotJournal& journal, Wakes* wakes, bool again) {
  if (const int32_t word = journal.get(layout::Journal::STATE_WORD)) {
    int32_t from = journal.get(layout::Journal::STATE_FROM);
    // release: by who changes the object, for whoever reads its state on a fast path.
    arena.word(word).compare_exchange_strong(from, journal.get(layout::Journal::STATE_TO),
                                             std::memory_order_release, std::memory_order_relaxed);
    HEDDLE_STEP();
  }
  if (const int32_t ring = journal.get(layout::Journal::RING)) {
    EntryRing(arena, ring)
        .carry_out(static_cast<uint32_t>(journal.get(layout::Journal::RING_FROM)),
                   static_cast<uint32_t>(journal.get(layout::Journal::RING_TO)),
                   static_cast<uint32_t>(journal.get(layout::Journal::RING_HEAD)));
    HEDDLE_STEP();
  }
  if (journal.get(layout::Journal::CHAIN) != 0) deliver(arena, journal, *wakes, again);
  HEDDLE_STEP();
  journal.set(layout::Journal::COUNT, 0);
  HEDDLE_STEP();
  journal.set(layout::Journal::STATE_WORD, 0);
  journal.set(layout::Journal::RING, 0);
}

// Undoes what a dead isolate had changed under an inner guard; and first what one had, whose guard it had
// taken over and not yet put in order.
void undo_inner(const Arena& arena, int32_t dead) {
  const SlotJournal journal(arena, dead);
  if (const int32_t victim = journal.get(layout::Journal::VICTIM)) {
    undo_inner(arena, victim - 1);
    HEDDLE_STEP();
    journal.set(layout::Journal::VICTIM, 0);
  }
  journal.undo(SlotJournal::kInner);
  HEDDLE_STEP();
  journal.set(layout::Journal::INNER_GUARD, 0);
}

}  // namespace

bool is_gone(const Arena& arena, int32_t slot) {
  return has_ended_as(arena, arena.word(slot_word(slot, Slot::PROCESS)).load(std::memory_order_acquire));
}

void Guard::lock_contended() {
  const int32_t mine = holding(arena_, slot_);
  if (spin_for(arena_, word_, mine)) return;
  for (;;) {
    const int32_t seen = sleep_for(arena_, word_, mine);
    if (seen == 0) return;
    const int32_t holder = holder_of(seen);
    if (holder < 0 || holder >= MAX_SLOTS || holder == slot_) continue;
    // Before: who has the slot next is not swept.
    const int32_t generation = arena_.get(slot_word(holder, Slot::GENERATION));
    if (!is_gone(arena_, holder)) continue;
    // Swept in sections of the caller's own slot, which is in none yet.
    journal_.set(layout::Journal::GUARD, 0);
    Self sweeper(const_cast<Arena&>(arena_), slot_);
    // The isolate may be in the middle of it.
    sweeper.destroying = slot_;
    sweep_slot(sweeper, holder, generation);
    journal_.set(layout::Journal::GUARD, word_);
    HEDDLE_STEP();
  }
}

void Guard::grant(Wakes& wakes, Handle node, OutcomeCode outcome) const {
  if (last_ == 0) {
    // A number that no other section has, until it is long forgotten.
    constexpr int32_t kNumbers = 1 << 20;
    const int32_t number = (journal_.get(layout::Journal::GRANTS) + 1) % kNumbers;
    journal_.set(layout::Journal::GRANTS, number);
    journal_.set(layout::Journal::GRANT, (slot_ + 1) * kNumbers + number);
    journal_.set(layout::Journal::CHAIN, node);
    wakes_ = &wakes;
  } else {
    arena_.set(last_ + Node::CHAIN, node);
  }
  arena_.set(node + Node::OUTCOME, outcome);
  arena_.set(node + Node::GRANT, journal_.get(layout::Journal::GRANT));
  arena_.set(node + Node::CHAIN, 0);
  last_ = node;
}

void Guard::change_ring(int32_t ring) const {
  if (has_ring_) return;
  journal_.set(layout::Journal::RING_FROM, 0);
  journal_.set(layout::Journal::RING_TO, 0);
  journal_.set(layout::Journal::RING_HEAD, 0);
  journal_.set(layout::Journal::RING, ring);
  has_ring_ = true;
}

void Guard::publish_entry(int32_t ring, uint32_t position, uint32_t next) const {
  change_ring(ring);
  if (journal_.get(layout::Journal::RING_TO) == journal_.get(layout::Journal::RING_FROM)) {
    journal_.set(layout::Journal::RING_FROM, static_cast<int32_t>(position));
  }
  journal_.set(layout::Journal::RING_TO, static_cast<int32_t>(next));
}

void Guard::move_head(int32_t ring, uint32_t head) const {
  change_ring(ring);
  journal_.set(layout::Journal::RING_HEAD, static_cast<int32_t>(head));
}

void Guard::stand() const {
  conclude();
  count_ = 0;
  last_ = 0;
  has_state_ = false;
  has_ring_ = false;
}

void Guard::commit() const {
  if (last_ != 0) {
    // Says that nothing of the chain is delivered yet.
    journal_.set(layout::Journal::NEXT, journal_.get(layout::Journal::CHAIN));
  } else {
    journal_.set(layout::Journal::CHAIN, 0);
  }
  HEDDLE_STEP();
  journal_.set(layout::Journal::COUNT, SlotJournal::kCommitted);
  HEDDLE_STEP();
  complete(arena_, journal_, wakes_, false);
  count_ = 0;
}

bool Guard::is_held_by_dead(const Arena& arena, int32_t dead) {
  const SlotJournal journal(arena, dead);
  const int32_t word = journal.get(layout::Journal::GUARD);
  if (word == 0) return false;
  const int32_t kind = arena.word(word - Cell::GUARD + Cell::KIND).load(std::memory_order_acquire);
  // It died while it waited for the guard; or after it set it free, and the cell is used for something else.
  if (kind != Kind::FREE && kind != Kind::NODE && holder_of(arena.get(word)) == dead) return true;
  journal.set(layout::Journal::GUARD, 0);
  return false;
}

Guard::Guard(Inherit, const Self& self, Wakes& wakes, int32_t dead)
    : Section(self.arena, self.slot, SlotJournal::kOuter),
      word_(SlotJournal(self.arena, dead).get(layout::Journal::GUARD)),
      slot_(self.slot) {
  const SlotJournal theirs(self.arena, dead);
  if (theirs.get(layout::Journal::COUNT) == SlotJournal::kCommitted) {
    complete(self.arena, theirs, &wakes, true);
  } else {
    theirs.undo(SlotJournal::kOuter);
  }
  HEDDLE_STEP();
  journal_.set(layout::Journal::GUARD, word_);
  HEDDLE_STEP();
  auto guard = self.arena.word(word_);
  // Always contended: somebody may have slept through a wake-up that the dead owed.
  for (int32_t seen = guard.load(std::memory_order_relaxed); !guard.compare_exchange_weak(
           seen, holding(self.arena, slot_) | kContended, std::memory_order_acquire);) {
  }
  HEDDLE_STEP();
  theirs.set(layout::Journal::GUARD, 0);
  HEDDLE_STEP();
}

void Guard::wake_next() {
  futex_wake_one(address(arena_, word_));
}

InnerGuard::InnerGuard(const Arena& arena, int32_t slot, int32_t word_index, int32_t dead)
    : Section(arena, slot, SlotJournal::kInner), word_(word_index), slot_(slot) {
  journal_.set(layout::Journal::INNER_GUARD, word_index);
  HEDDLE_STEP();
  int32_t free = 0;
  if (!arena.word(word_).compare_exchange_strong(free, holding(arena, slot), std::memory_order_acquire,
                                                 std::memory_order_relaxed)) {
    lock_contended(dead);
  }
  HEDDLE_STEP();
}

InnerGuard::~InnerGuard() {
  HEDDLE_STEP();
  if (count_ != 0) journal_.set(layout::Journal::INNER_COUNT, 0);
  HEDDLE_STEP();
  const int32_t before = arena_.word(word_).exchange(0, std::memory_order_release);
  HEDDLE_STEP();
  journal_.set(layout::Journal::INNER_GUARD, 0);
  if ((before & kContendedBit) != 0) futex_wake_one(address(arena_, word_));
}

void InnerGuard::lock_contended(int32_t dead) {
  const int32_t mine = holding(arena_, slot_);
  const int32_t first = arena_.get(word_);
  if (dead >= 0 && holder_of(first) == dead && is_gone(arena_, dead) && take_over(first)) return;
  if (spin_for(arena_, word_, mine)) return;
  for (;;) {
    const int32_t seen = sleep_for(arena_, word_, mine);
    if (seen == 0) return;
    const int32_t holder = holder_of(seen);
    if (holder < 0 || holder >= MAX_SLOTS || holder == slot_) continue;
    if (is_gone(arena_, holder) && take_over(seen)) return;
  }
}

bool InnerGuard::take_over(int32_t seen) {
  const int32_t holder = holder_of(seen);
  journal_.set(layout::Journal::VICTIM, holder + 1);
  HEDDLE_STEP();
  const bool taken = arena_.word(word_).compare_exchange_strong(
      seen, holding(arena_, slot_) | kContendedBit, std::memory_order_acquire, std::memory_order_relaxed);
  HEDDLE_STEP();
  if (taken) undo_inner(arena_, holder);
  HEDDLE_STEP();
  journal_.set(layout::Journal::VICTIM, 0);
  HEDDLE_STEP();
  return taken;
}

RecordsGuard::RecordsGuard(Self& self) : arena_(self.arena) {
  const int32_t mine = holding(arena_, self.slot);
  int32_t free = 0;
  if (arena_.word(Header::PROCESSES_GUARD)
          .compare_exchange_strong(free, mine, std::memory_order_acquire, std::memory_order_relaxed)) {
    return;
  }
  while (const int32_t seen = sleep_for(arena_, Header::PROCESSES_GUARD, mine)) {
    const int32_t holder = holder_of(seen);
    if (holder < 0 || holder >= MAX_SLOTS) continue;
    const int32_t generation = arena_.get(slot_word(holder, Slot::GENERATION));
    if (is_gone(arena_, holder)) sweep_slot(self, holder, generation);
  }
}

RecordsGuard::~RecordsGuard() {
  const int32_t before = arena_.word(Header::PROCESSES_GUARD).exchange(0, std::memory_order_release);
  HEDDLE_STEP();
  if ((before & kContendedBit) != 0) futex_wake_one(address(arena_, Header::PROCESSES_GUARD));
}

void RecordsGuard::repair(const Arena& arena, int32_t dead) {
  auto word = arena.word(Header::PROCESSES_GUARD);
  int32_t seen = word.load(std::memory_order_relaxed);
  while (holder_of(seen) == dead) {
    HEDDLE_STEP();
    if (!word.compare_exchange_weak(seen, 0, std::memory_order_acq_rel)) continue;
    futex_wake_one(address(arena, Header::PROCESSES_GUARD));
    return;
  }
}

void InnerGuard::repair(const Arena& arena, int32_t slot, int32_t dead) {
  const int32_t word = SlotJournal(arena, dead).get(layout::Journal::INNER_GUARD);
  // Taken once: whoever took it over before is done then.
  if (word == 0) return;
  const InnerGuard taken_over(arena, slot, word, dead);
}

}  // namespace heddle

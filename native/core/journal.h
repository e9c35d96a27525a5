// The journal of a slot: enough about what its isolate is in the middle of for others to clean up after it
// when its process is killed, at whatever instruction.
//
// Words that must change together change in a section, under a guard. A section logs each change before it
// makes it, and stands with the one store that empties the log: COUNT = 0. If its isolate is dead by then,
// who sweeps it undoes the section, newest change first.
//
// A section that also does what cannot be undone says first what that will be:
//
//   grants        nodes that get an outcome, linked from CHAIN
//   STATE_WORD    a word that fast paths race for once it changes from STATE_FROM, which nobody else can
//                 write meanwhile, to STATE_TO
//   RING          a closed ring, whose entries from RING_FROM to RING_TO are published and whose HEAD becomes
//                 RING_HEAD; see entry_ring.h
//
// It stands with COUNT = kCommitted, then changes word and ring and delivers the grants, and empties the log.
// A sweep that finds kCommitted goes on from there. See guard.h and deliver() in waiting.cc.
//
// There are two levels, as an allocator's guard may be taken inside of an object's.
//
// A word that was changed by the dead and by nobody else can be told by its value alone; nothing here relies
// on clocks or on how long something takes.
#pragma once

#include <cstdint>
#include <cstdlib>

#include "arena.h"
#include "step.h"

namespace heddle {

class SlotJournal {
 public:
  static constexpr int32_t kCommitted = -1;

  struct Level {
    int32_t guard;
    int32_t count;
    int32_t log;
    int32_t capacity;
  };
  static constexpr int32_t kWordsPerEntry = 4;
  static constexpr Level kOuter = {layout::Journal::GUARD, layout::Journal::COUNT, layout::Journal::LOG,
                                   (layout::WORDS_PER_JOURNAL - layout::Journal::LOG) / kWordsPerEntry};
  static constexpr Level kInner = {layout::Journal::INNER_GUARD, layout::Journal::INNER_COUNT,
                                   layout::Journal::INNER_LOG,
                                   (layout::Journal::LOG - layout::Journal::INNER_LOG) / kWordsPerEntry};

  SlotJournal(const Arena& arena, int32_t slot)
      : arena_(arena), base_(layout::JOURNALS_START + slot * layout::WORDS_PER_JOURNAL) {}

  [[nodiscard]] int32_t get(int32_t offset) const { return arena_.get(base_ + offset); }
  void set(int32_t offset, int32_t value) const { arena_.set(base_ + offset, value); }
  // Of a word, in the arena.
  [[nodiscard]] int32_t index_of(int32_t offset) const { return base_ + offset; }

  // In `where`: the word has 64 bits.
  static constexpr uint64_t kLong = 1;
  // It is only undone if it is what the upper half of `before` says.
  static constexpr uint64_t kIfSeized = 2;

  // Notes what a word was; `where` is its byte offset in the arena, a multiple of 4, and the bits above.
  void log(const Level& level, int32_t entry, uint64_t where, uint64_t before) const;
  // Undoes what is in the log.
  void undo(const Level& level) const;
  // Leaves it as that of an isolate that has done nothing yet.
  void clear() const;

 private:
  const Arena& arena_;
  int32_t base_;
};

static_assert(layout::JOURNALS_START % 2 == 0 && layout::WORDS_PER_JOURNAL % 2 == 0);
static_assert(SlotJournal::kOuter.log % 2 == 0 && SlotJournal::kInner.log % 2 == 0);

inline void SlotJournal::log(const Level& level, int32_t entry, uint64_t where, uint64_t before) const {
  // Sections are short, see Guard::is_long(); behind the log is the journal of another slot.
  if (entry >= level.capacity) std::abort();
  const int32_t at = base_ + level.log + entry * kWordsPerEntry;
  arena_.long_word(at).store(where, std::memory_order_relaxed);
  arena_.long_word(at + 2).store(before, std::memory_order_relaxed);
  HEDDLE_STEP();
  set(level.count, entry + 1);
  HEDDLE_STEP();
}

}  // namespace heddle

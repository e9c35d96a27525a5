// See entry_ring.h.
#include "entry_ring.h"

#include <array>
#include <bit>
#include <thread>

#include "guard.h"
#include "spin.h"

namespace heddle {

using namespace layout;

namespace {

static_assert(WORDS_PER_ENTRY * sizeof(int32_t) == sizeof(Entry));
static_assert(std::has_single_bit(static_cast<uint32_t>(RING_ENTRIES)));
static_assert(RINGS_START % WORDS_PER_CELL == 0 && WORDS_PER_RING % WORDS_PER_CELL == 0);

using EntryWords = std::array<uint32_t, WORDS_PER_ENTRY>;

// How long to wait for a put that was begun: its thread is in the middle of a few instructions, unless
// it lost its core.
constexpr int64_t kLongestPublicationNs = 1'000'000;

}  // namespace

int32_t EntryRing::allocate(const Self& self, uint32_t limit) {
  const Arena& arena = self.arena;
  int32_t ring = 0;
  {
    Guard guard(arena, self.slot, Header::RINGS_GUARD);
    ring = arena.get(Header::FREE_RINGS);
    if (ring != 0) {
      arena.set(Header::FREE_RINGS, arena.get(ring + Ring::TAIL));
    } else {
      int32_t top = arena.get(Header::RINGS_TOP);
      if (top == MAX_RINGS) return 0;
      arena.set(Header::RINGS_TOP, top + 1);
      ring = RINGS_START + top * WORDS_PER_RING;
    }
  }
  EntryRing empty(arena, ring);
  for (int32_t i = 0; i < RING_HEADER_WORDS; i++) empty.word(i).store(0, std::memory_order_relaxed);
  for (uint32_t i = 0; i < RING_ENTRIES; i++) {
    empty.sequence_at(i * kStep).store(0, std::memory_order_relaxed);
  }
  empty.set_limit(limit);
  return ring;
}

void EntryRing::free(const Self& self, int32_t ring) {
  Guard guard(self.arena, self.slot, Header::RINGS_GUARD);
  self.arena.set(ring + Ring::TAIL, self.arena.get(Header::FREE_RINGS));
  self.arena.set(Header::FREE_RINGS, ring);
}

bool EntryRing::has_room(uint32_t tail) const {
  const uint32_t limit = word(Ring::LIMIT).load(std::memory_order_relaxed);
  // A tail that is out of date may lie before the head: a difference below 0 is room, and the step on
  // TAIL then fails.
  auto used = [&](uint32_t head) { return static_cast<int32_t>(tail - head) / static_cast<int32_t>(kStep); };
  // acquire: what the takers that moved HEAD have read is read before it is overwritten.
  if (used(load(Ring::HEAD_SEEN)) < static_cast<int32_t>(limit)) return true;
  const uint32_t head = load(Ring::HEAD) & ~kSlow;
  // Older values may overwrite newer ones here: all are a HEAD of some time ago.
  word(Ring::HEAD_SEEN).store(head, std::memory_order_release);
  return used(head) < static_cast<int32_t>(limit);
}

void EntryRing::copy_out(uint32_t position, Entry& entry) const {
  EntryWords copy;
  for (size_t i = 0; i < copy.size(); i++) {
    copy[i] = word(entry_at(position) + static_cast<int32_t>(i)).load(std::memory_order_relaxed);
  }
  entry = std::bit_cast<Entry>(copy);
}

void EntryRing::publish(uint32_t position, const Entry& entry, std::memory_order order) const {
  auto words = std::bit_cast<EntryWords>(entry);
  for (int32_t i = 0; i < WORDS_PER_ENTRY; i++) {
    if (i == RingEntry::SEQUENCE) continue;
    word(entry_at(position) + i).store(words[static_cast<size_t>(i)], std::memory_order_relaxed);
  }
  sequence_at(position).store((position & ~kSlow) | 1, order);
}

EntryRing::Outcome EntryRing::push(RingClaim& claim, const Entry& entry) {
  auto tail = word(Ring::TAIL);
  uint32_t seen = tail.load(std::memory_order_relaxed);
  do {
    if ((seen & kSlow) != 0) return Outcome::kSlow;
    if (!has_room(seen)) return Outcome::kNo;
    claim.put_at(seen);
  } while (
      !tail.compare_exchange_weak(seen, seen + kStep, std::memory_order_seq_cst, std::memory_order_relaxed));
  // seq_cst: before the look at GET_WAITING.
  publish(seen, entry, std::memory_order_seq_cst);
  return Outcome::kDone;
}

EntryRing::Outcome EntryRing::pop(RingClaim& claim, Entry& entry) {
  auto head = word(Ring::HEAD);
  uint32_t seen = head.load(std::memory_order_acquire);
  for (;;) {
    if ((seen & kSlow) != 0) return Outcome::kSlow;
    if (sequence_at(seen).load(std::memory_order_acquire) != (seen | 1)) {
      const uint32_t again = head.load(std::memory_order_acquire);
      if (again == seen) {
        // A put that has begun is waited for: who put an item after it would not find its own.
        if (distance(load(Ring::TAIL), seen) == 0) return Outcome::kNo;
        await_publication();
        if (head.load(std::memory_order_acquire) == seen && !is_published_at(seen)) return Outcome::kNo;
      }
      seen = head.load(std::memory_order_acquire);
      continue;
    }
    copy_out(seen, entry);
    claim.take_at(seen);
    // release: the copy is made before a putter sees the place free. seq_cst: before the look at
    // PUT_WAITING.
    if (!head.compare_exchange_weak(seen, seen + kStep, std::memory_order_seq_cst,
                                    std::memory_order_acquire)) {
      continue;
    }
    if (entry.place != Entry::kNowhere) return Outcome::kDone;
    seen = head.load(std::memory_order_acquire);
  }
}

bool EntryRing::is_published_at(uint32_t position) const {
  return sequence_at(position).load(std::memory_order_seq_cst) == ((position & ~kSlow) | 1);
}

bool EntryRing::is_published(uint32_t n) const {
  const uint32_t position = (word(Ring::HEAD).load(std::memory_order_seq_cst) & ~kSlow) + n * kStep;
  if (!is_published_at(position)) return false;
  const uint32_t meta = word(entry_at(position) + RingEntry::META).load(std::memory_order_relaxed);
  return static_cast<uint8_t>(meta >> 16) != Entry::kNowhere;
}

void EntryRing::await_publication() const {
  constexpr int kLooks = 64;
  const int64_t end = monotonic_ns() + kLongestPublicationNs;
  do {
    for (int look = 0; look < kLooks; look++) {
      uint32_t position = load(Ring::HEAD) & ~kSlow;
      const uint32_t tail = load(Ring::TAIL) & ~kSlow;
      while (position != tail && is_published_at(position)) position += kStep;
      if (position == tail) return;
      cpu_relax();
    }
    std::this_thread::yield();
  } while (monotonic_ns() < end);
}

void EntryRing::push_closed(const Entry& entry) {
  auto tail = word(Ring::TAIL);
  const uint32_t position = tail.load(std::memory_order_relaxed);
  // TAIL first: nobody finds a published entry that is not counted. release will do: GET_WAITING is set
  // and looked at under the guard, and who takes the entry acquires it by its SEQUENCE.
  tail.store(position + kStep, std::memory_order_release);
  publish(position, entry, std::memory_order_release);
}

bool EntryRing::pop_closed(Entry& entry) {
  if (!is_published(0)) return false;
  auto head = word(Ring::HEAD);
  const uint32_t position = head.load(std::memory_order_relaxed);
  copy_out(position, entry);
  head.store(position + kStep, std::memory_order_seq_cst);
  return true;
}

void EntryRing::skip_blanks_closed() {
  auto head = word(Ring::HEAD);
  for (;;) {
    const uint32_t position = head.load(std::memory_order_relaxed);
    if (!is_published_at(position) || is_published(0)) return;
    head.store(position + kStep, std::memory_order_seq_cst);
  }
}

void EntryRing::fill_gap(uint32_t tail) {
  const uint32_t head = load(Ring::HEAD) & ~kSlow;
  const uint32_t end = load(Ring::TAIL) & ~kSlow;
  const bool is_claimed = static_cast<int32_t>(tail - head) >= 0 && static_cast<int32_t>(end - tail) > 0;
  if (!is_claimed || is_published_at(tail)) return;
  Entry blank{};
  blank.place = Entry::kNowhere;
  publish(tail, blank, std::memory_order_seq_cst);
}

}  // namespace heddle

// See entry_ring.h.
#include "entry_ring.h"

#include <algorithm>
#include <array>
#include <bit>
#include <thread>

#include "guard.h"
#include "spin.h"

namespace heddle {

using namespace layout;

namespace {

static_assert(std::has_single_bit(static_cast<uint32_t>(RING_ENTRIES)));
static_assert(NEAR_RINGS_START % WORDS_PER_CELL == 0 && FAR_RINGS_START % WORDS_PER_CELL == 0 &&
              WORDS_PER_RING % WORDS_PER_CELL == 0);
static_assert(WORDS_PER_RING_BODY * sizeof(uint32_t) == Entry::kInlineBytes);

Entry::Place place_of(uint32_t meta) {
  return static_cast<Entry::Place>(static_cast<uint8_t>(meta >> RingHead::PLACE_SHIFT));
}

// An entry outside of a ring.
struct EntryWords {
  uint32_t meta;
  uint32_t handles;
  uint32_t length;
  uint32_t unused;
  std::array<uint32_t, WORDS_PER_RING_BODY> payload;

  // Of the payload, in words; at most all of them, whatever handles and length are.
  [[nodiscard]] size_t size() const {
    if (place_of(meta) != Entry::kInline) return sizeof(Entry::at) / sizeof(meta);
    return std::min<uint64_t>((uint64_t{length} + 3) / 4 + handles, payload.size());
  }
  [[nodiscard]] bool is_brief() const {
    return length <= BRIEF_BYTES && handles == 0 && place_of(meta) != Entry::kChunk;
  }
};
static_assert(sizeof(EntryWords) == sizeof(Entry));

// How long to wait for a put that was begun: its thread is in the middle of a few instructions, unless
// it lost its core.
constexpr int64_t kLongestPublicationNs = 1'000'000;

int32_t ring_at(int32_t index) {
  if (index < NEAR_RINGS) return NEAR_RINGS_START + index * WORDS_PER_RING;
  return FAR_RINGS_START + (index - NEAR_RINGS) * WORDS_PER_RING;
}

}  // namespace

bool EntryRing::append(Self& self, Handle queue) {
  const Arena& arena = self.arena;
  const int32_t last = self.get(queue, Queue::PUT_RING);
  const InnerGuard guard(arena, self.slot, Header::RINGS_GUARD);
  const int32_t live = arena.get(Header::RINGS_LIVE);
  if (live >= (last == 0 ? MAX_RINGS : MAX_RINGS - FIRST_RINGS)) return false;
  int32_t ring = arena.get(Header::FREE_RINGS);
  if (ring != 0) {
    guard.set(Header::FREE_RINGS, arena.get(ring + Ring::NEXT));
    guard.set(ring + Ring::NEXT, 0);
  } else {
    const int32_t top = arena.get(Header::RINGS_TOP);
    guard.set(Header::RINGS_TOP, top + 1);
    ring = ring_at(top);
  }
  guard.set(Header::RINGS_LIVE, live + 1);
  EntryRing added(arena, ring);
  // Nobody has the ring yet, and all that this changes may stay as it is if the section is undone.
  if (last == 0) {
    added.begin_anew(0);
  } else {
    const EntryRing before(arena, last);
    added.begin_anew(before.puts());
    added.set_waited_for(Ring::GET_WAITING, before.is_waited_for(Ring::GET_WAITING));
  }
  // Who finds the ring finds it as it is now.
  guard.publish(last != 0 ? last + Ring::NEXT : queue + Queue::RING, ring);
  guard.publish(queue + Queue::PUT_RING, ring);
  return true;
}

void EntryRing::begin_anew(int32_t puts) const {
  // One further than ever before: whoever has yet to take a step that he began when the ring was another
  // queue's does not find what he saw.
  const uint32_t start = (load(Ring::TAIL) & ~kSlow) + kStep;
  word(Ring::TAIL).store(start | kSlow, std::memory_order_relaxed);
  word(Ring::HEAD).store(start | kSlow, std::memory_order_relaxed);
  word(Ring::HEAD_SEEN).store(start, std::memory_order_relaxed);
  word(Ring::BEFORE).store(static_cast<uint32_t>(puts) - start / kStep, std::memory_order_relaxed);
  word(Ring::LIMIT).store(0, std::memory_order_relaxed);
  word(Ring::GET_WAITING).store(0, std::memory_order_relaxed);
  word(Ring::PUT_WAITING).store(0, std::memory_order_relaxed);
  word(Ring::LAST_BLANK).store(start - kStep, std::memory_order_relaxed);
}

void EntryRing::remove_first(Self& self, Handle queue) {
  const Arena& arena = self.arena;
  const InnerGuard guard(arena, self.slot, Header::RINGS_GUARD);
  const int32_t ring = self.get(queue, Queue::RING);
  const int32_t next = arena.get(ring + Ring::NEXT);
  if (next != 0) {
    const EntryRing first(arena, ring);
    EntryRing(arena, next).set_waited_for(Ring::PUT_WAITING, first.is_waited_for(Ring::PUT_WAITING));
  }
  const int32_t live = arena.get(Header::RINGS_LIVE);
  if (arena.get(Header::RINGS_TOP) - live >= kResidentRings) {
    arena.empty_pages(ring + RING_HEADER_WORDS, WORDS_PER_RING - RING_HEADER_WORDS);
  }
  guard.set(Header::RINGS_LIVE, live - 1);
  guard.set(ring + Ring::NEXT, arena.get(Header::FREE_RINGS));
  guard.set(Header::FREE_RINGS, ring);
  guard.publish(queue + Queue::RING, next);
  if (next == 0) guard.publish(queue + Queue::PUT_RING, 0);
}

bool EntryRing::has_room(uint32_t tail) const {
  const uint32_t limit = ref(Ring::LIMIT).load(std::memory_order_relaxed);
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
  const auto at = [this](int32_t offset) { return ref(offset).load(std::memory_order_relaxed); };
  const int32_t head = head_at(position);
  EntryWords words{};
  words.meta = at(head + RingHead::META);
  if (const uint32_t brief = words.meta >> RingHead::BRIEF_SHIFT; brief != 0) {
    words.length = brief - 1;
    words.payload[0] = at(head + RingHead::DATA);
    words.payload[1] = at(head + RingHead::DATA + 1);
  } else {
    words.length = at(head + RingHead::LENGTH);
    words.handles = at(head + RingHead::HANDLES);
    const int32_t body = body_at(position);
    const size_t size = words.size();
    for (size_t i = 0; i < size; i++) words.payload[i] = at(body + static_cast<int32_t>(i));
  }
  entry = std::bit_cast<Entry>(words);
}

void EntryRing::write(uint32_t position, const Entry& entry) const {
  const auto set = [this](int32_t offset, uint32_t value) {
    word(offset).store(value, std::memory_order_relaxed);
  };
  const int32_t head = head_at(position);
  const auto words = std::bit_cast<EntryWords>(entry);
  if (words.is_brief()) {
    set(head + RingHead::META, words.meta | (words.length + 1) << RingHead::BRIEF_SHIFT);
    set(head + RingHead::DATA, words.payload[0]);
    set(head + RingHead::DATA + 1, words.payload[1]);
    return;
  }
  set(head + RingHead::META, words.meta);
  set(head + RingHead::LENGTH, words.length);
  set(head + RingHead::HANDLES, words.handles);
  const int32_t body = body_at(position);
  const size_t size = words.size();
  for (size_t i = 0; i < size; i++) set(body + static_cast<int32_t>(i), words.payload[i]);
}

EntryRing::Outcome EntryRing::push(RingClaim& claim, const Entry& entry) {
  auto tail = ref(Ring::TAIL);
  uint32_t seen = tail.load(std::memory_order_acquire);
  do {
    if ((seen & kSlow) != 0 || !claim.holds()) return Outcome::kSlow;
    if (!has_room(seen)) return Outcome::kNo;
    claim.put_at(seen);
    HEDDLE_STEP();
  } while (
      !tail.compare_exchange_weak(seen, seen + kStep, std::memory_order_seq_cst, std::memory_order_acquire));
  // seq_cst: before the look at GET_WAITING.
  write(seen, entry);
  publish(seen, std::memory_order_seq_cst);
  HEDDLE_STEP();
  return Outcome::kDone;
}

EntryRing::Outcome EntryRing::pop(RingClaim& claim, Entry& entry) {
  auto head = ref(Ring::HEAD);
  uint32_t seen = head.load(std::memory_order_acquire);
  for (;;) {
    if ((seen & kSlow) != 0 || !claim.holds()) return Outcome::kSlow;
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
    HEDDLE_STEP();
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
  const uint32_t position = (ref(Ring::HEAD).load(std::memory_order_seq_cst) & ~kSlow) + n * kStep;
  return is_published_at(position) && place_at(position) != Entry::kNowhere;
}

Entry::Place EntryRing::place_at(uint32_t position) const {
  return place_of(ref(head_at(position) + RingHead::META).load(std::memory_order_relaxed));
}

int32_t EntryRing::blanks() const {
  const uint32_t head = load(Ring::HEAD) & ~kSlow;
  const uint32_t last = load(Ring::LAST_BLANK);
  if (static_cast<int32_t>(last - head) < 0) return 0;
  const uint32_t tail = load(Ring::TAIL) & ~kSlow;
  int32_t blanks = 0;
  for (uint32_t position = head; position != tail; position += kStep) {
    if (is_blank_at(position)) blanks++;
  }
  return blanks;
}

bool EntryRing::is_close_to_putters() const {
  const uint32_t head = ref(Ring::HEAD).load(std::memory_order_relaxed);
  return !is_published_at((head & ~kSlow) + kClose * kStep);
}

bool EntryRing::is_close_to_takers() const {
  return !has_room(ref(Ring::TAIL).load(std::memory_order_relaxed) + kClose * kStep);
}

bool EntryRing::is_large_at_head() const {
  return place_at(ref(Ring::HEAD).load(std::memory_order_relaxed)) == Entry::kBlock;
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

void EntryRing::push_closed(const Guard& guard, const Entry& entry) {
  const uint32_t position = ref(Ring::TAIL).load(std::memory_order_relaxed);
  // The entry last: undone, TAIL is where it was, and nobody has looked at the entry, which is not published.
  guard.set(ring_ + Ring::TAIL, static_cast<int32_t>(position + kStep));
  write(position, entry);
  guard.publish_entry(ring_, position & ~kSlow, (position + kStep) & ~kSlow);
}

bool EntryRing::peek_closed(Entry& entry) const {
  if (!is_published(0)) return false;
  copy_out(load(Ring::HEAD), entry);
  return true;
}

bool EntryRing::pop_closed(const Guard& guard, Entry& entry) {
  if (!peek_closed(entry)) return false;
  const uint32_t position = load(Ring::HEAD);
  guard.move_head(ring_, position + kStep);
  return true;
}

void EntryRing::carry_out(uint32_t from, uint32_t to, uint32_t head) {
  // release will do: GET_WAITING is set and looked at under the guard, and who takes the entry acquires it by
  // its SEQUENCE.
  for (uint32_t position = from; position != to; position += kStep) {
    publish(position, std::memory_order_release);
    HEDDLE_STEP();
  }
  if (head != 0) word(Ring::HEAD).store(head, std::memory_order_seq_cst);
}

void EntryRing::skip_blanks_closed() {
  auto head = ref(Ring::HEAD);
  for (;;) {
    const uint32_t position = head.load(std::memory_order_relaxed);
    if (!is_blank_at(position)) return;
    HEDDLE_ACCESS();
    head.store(position + kStep, std::memory_order_seq_cst);
  }
}

bool EntryRing::is_gap(uint32_t tail) const {
  // TAIL before HEAD, which then may be further than it was: the put is at least as far.
  const uint32_t end = load(Ring::TAIL) & ~kSlow;
  const uint32_t head = load(Ring::HEAD) & ~kSlow;
  const bool had_turn = static_cast<int32_t>(end - tail) > 0 && static_cast<int32_t>(tail - head) >= 0;
  return had_turn && !is_published_at(tail);
}

void EntryRing::fill_gap(const Guard& guard, uint32_t tail) {
  Entry blank{};
  blank.place = Entry::kNowhere;
  // First: whoever counts the blank entry among the puts knows that it is one.
  if (static_cast<int32_t>(tail - load(Ring::LAST_BLANK)) > 0) {
    word(Ring::LAST_BLANK).store(tail, std::memory_order_relaxed);
  }
  write(tail, blank);
  guard.publish_entry(ring_, tail, tail + kStep);
}

}  // namespace heddle

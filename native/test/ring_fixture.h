// What the tests of rings have in common.
#pragma once

#include "core/entry_ring.h"
#include "queue_fixture.h"

namespace heddle::test {

// A queue that is busy enough to have a ring, and empty.
class RingTest : public QueueTest {
 protected:
  static constexpr int64_t kLongTimeNs = 3'600'000'000'000;
  Handle create_busy_queue(int32_t max_size = 0) {
    Handle queue = create_queue(Discipline::FIFO, max_size);
    for (int i = 0; i < layout::PUTS_BEFORE_RING; i++) {
      EXPECT_EQ(main().put_number(queue, i, 0), Outcome::OK);
      EXPECT_EQ(take_now(queue), i);
      EXPECT_EQ(core().queue_task_done(queue), Outcome::OK);
    }
    EXPECT_NE(word(queue, Queue::RING), 0);
    return queue;
  }
  EntryRing ring_of(Handle queue) { return {arena(), word(queue, Queue::RING)}; }
  int32_t ring_word(Handle queue, int32_t offset) { return arena().get(word(queue, Queue::RING) + offset); }
  bool is_closed(Handle queue, int32_t side) { return (ring_word(queue, side) & layout::Ring::SLOW) != 0; }

  // Of a queue with one ring: all have noted the same turn, which one of them has had without having
  // published anything; where.
  int32_t begin_put(std::initializer_list<int32_t> slots, Handle queue) {
    const int32_t tail = ring_word(queue, layout::Ring::TAIL);
    for (const int32_t slot : slots) {
      arena().set(slot_word(slot, layout::Slot::RING_POSITION), tail);
      arena().set(slot_word(slot, layout::Slot::RING), word(queue, Queue::RING));
      arena().set(slot_word(slot, layout::Slot::RING_QUEUE), queue);
    }
    arena().set(word(queue, Queue::RING) + layout::Ring::TAIL, tail + 2);
    return tail;
  }
  // Word index of the head of the entry that was put there.
  int32_t head_at(int32_t ring, int32_t tail) {
    return ring + layout::RING_HEADER_WORDS + tail / 2 % layout::RING_ENTRIES * layout::WORDS_PER_RING_HEAD;
  }
};

}  // namespace heddle::test

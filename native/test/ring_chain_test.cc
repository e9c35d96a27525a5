// The rings of a queue that has several: overflow, promises from one into the next, rings that go from queue
// to queue, and none left.
#include "ring_fixture.h"

namespace heddle::test {

namespace {

class RingChainTest : public RingTest {};

// More items than a ring holds: into further rings, or into the body when there are none.
TEST_F(RingChainTest, OverflowsAndComesBackInOrder) {
  for (const bool has_more : {true, false}) {
    Handle queue = create_busy_queue();
    const int32_t live = arena().get(layout::Header::RINGS_LIVE);
    if (!has_more) arena().set(layout::Header::RINGS_LIVE, layout::MAX_RINGS);
    constexpr int kItems = 3 * layout::RING_ENTRIES + 17;
    int next = 0;
    int expected = 0;
    std::mt19937 random(7);
    for (int round = 0; round < 4; round++) {
      while (next < (round + 1) * kItems) ASSERT_EQ(main().put_number(queue, next++, 0), Outcome::OK);
      EXPECT_EQ(word(queue, Queue::COUNT) > 0, !has_more);
      EXPECT_EQ(word(queue, Queue::RING) != word(queue, Queue::PUT_RING), has_more);
      EXPECT_TRUE(is_closed(queue, layout::Ring::TAIL));
      EXPECT_EQ(count(queue), next - expected);
      for (int left = round == 3 ? next - expected : kItems - 500; left > 0; left--) {
        ASSERT_EQ(take_now(queue), expected++);
        if (random() % 3 == 0) {
          ASSERT_EQ(main().put_number(queue, next++, 0), Outcome::OK);
        }
      }
    }
    while (expected < next) ASSERT_EQ(take_now(queue), expected++);
    EXPECT_EQ(count(queue), 0);
    double number = 0;
    EXPECT_EQ(main().take_number(queue, number, 0), Outcome::TIMED_OUT);
    EXPECT_EQ(word(queue, Queue::RING), word(queue, Queue::PUT_RING));
    EXPECT_FALSE(is_closed(queue, layout::Ring::TAIL));
    EXPECT_FALSE(is_closed(queue, layout::Ring::HEAD));
    EXPECT_EQ(core().queue_task_done(queue), Outcome::OK);
    if (!has_more) arena().set(layout::Header::RINGS_LIVE, live);
    EXPECT_EQ(arena().get(layout::Header::RINGS_LIVE), live);
  }
}

TEST_F(RingChainTest, GivesItsMemoryBack) {
  Handle queue = create_busy_queue();
  constexpr int kRings = 200;
  for (int round = 0; round < 2; round++) {
    for (int i = 0; i < kRings * layout::RING_ENTRIES; i++)
      ASSERT_EQ(main().put_number(queue, i, 0), Outcome::OK);
    for (int i = 0; i < kRings * layout::RING_ENTRIES; i++) ASSERT_EQ(take_now(queue), i);
  }
  // An entry of each ring that was used, the one in the middle: the memory that is gone reads as zero.
  const int32_t top = arena().get(layout::Header::RINGS_TOP);
  int kept = 0;
  for (int32_t i = 0; i < top; i++) {
    const int32_t heads = layout::NEAR_RINGS_START + i * layout::WORDS_PER_RING + layout::RING_HEADER_WORDS;
    kept += arena().get(heads + layout::RING_ENTRIES / 2 * layout::WORDS_PER_RING_HEAD) != 0 ? 1 : 0;
  }
  EXPECT_GE(top, kRings);
  EXPECT_LE(kept, 66);
}

// Promises, and a bound, that reach from one ring into the next.
TEST_F(RingChainTest, PromisesItemsOfTheNextRing) {
  Handle queue = create_busy_queue();
  constexpr int kItems = layout::RING_ENTRIES + 3;
  for (int i = 0; i < kItems; i++) ASSERT_EQ(main().put_number(queue, i, 0), Outcome::OK);
  for (int i = 0; i < layout::RING_ENTRIES - 2; i++) ASSERT_EQ(take_now(queue), i);
  for (int i = 0; i < 5; i++)
    ASSERT_EQ(core().queue_await_item(queue, WaiterMode::LOOP, kForEver), Outcome::GRANTED);
  double number = 0;
  EXPECT_EQ(main().take_number(queue, number, 0), Outcome::TIMED_OUT);
  const int32_t ticket = core().queue_await_item(queue, WaiterMode::LOOP, kForEver);
  ASSERT_TRUE(is_ticket(ticket));
  for (int i = kItems - 5; i < kItems; i++) {
    TakenItem item;
    ASSERT_EQ(core().queue_take(queue, Turn::kPromised, main().scratch(), item), Outcome::OK);
    std::memcpy(&number, item.bytes.data(), sizeof number);
    EXPECT_EQ(number, i);
  }
  ASSERT_EQ(main().put_number(queue, -1, 0), Outcome::OK);
  ASSERT_EQ(main().drain().size(), 1U);
  core().queue_unreserve(queue, 1);
  EXPECT_EQ(take_now(queue), -1);
  EXPECT_FALSE(is_closed(queue, layout::Ring::HEAD));
}

// A put that was begun in a ring which is no longer the last one.
TEST_F(RingChainTest, WaitsForAPutIntoAnEarlierRing) {
  Handle queue = create_busy_queue();
  for (int i = 0; i < layout::RING_ENTRIES - 1; i++) ASSERT_EQ(main().put_number(queue, i, 0), Outcome::OK);
  const int32_t first = word(queue, Queue::RING);
  auto dead = std::make_unique<Isolate>(arena());
  begin_put({(*dead)->self()}, queue);
  ASSERT_EQ(main().put_number(queue, 5000, 0), Outcome::OK);
  EXPECT_NE(word(queue, Queue::PUT_RING), first);
  for (int i = 0; i < layout::RING_ENTRIES - 1; i++) ASSERT_EQ(take_now(queue), i);
  double number = 0;
  EXPECT_EQ(main().take_number(queue, number, 0), Outcome::TIMED_OUT);
  EXPECT_EQ(word(queue, Queue::RING), first);
  const int32_t ticket = core().queue_await_item(queue, WaiterMode::LOOP, kForEver);
  ASSERT_TRUE(is_ticket(ticket));
  // Who publishes it sees that somebody waits, and so does who puts.
  EXPECT_NE(arena().get(first + layout::Ring::GET_WAITING), 0);
  EXPECT_NE(arena().get(word(queue, Queue::PUT_RING) + layout::Ring::GET_WAITING), 0);
  dead.reset();
  ASSERT_EQ(main().drain().size(), 1U);
  core().queue_unreserve(queue, 1);
  EXPECT_EQ(take_now(queue), 5000);
  EXPECT_NE(word(queue, Queue::RING), first);
}

// Who was about to take, or put, when the ring went to another queue.
TEST_F(RingChainTest, AStepBegunInARingThatHasChangedHandsFails) {
  Handle one = create_busy_queue();
  Isolate other(arena());
  Self self(arena(), other->self());
  const int32_t ring = word(one, Queue::RING);
  RingClaim takes(self, one, Queue::RING, ring);
  EXPECT_TRUE(takes.holds());
  const int32_t head = arena().get(ring + layout::Ring::HEAD);
  const int32_t tail = arena().get(ring + layout::Ring::TAIL);
  for (int i = 0; i <= layout::RING_ENTRIES; i++) ASSERT_EQ(main().put_number(one, i, 0), Outcome::OK);
  for (int i = 0; i <= layout::RING_ENTRIES; i++) ASSERT_EQ(take_now(one), i);
  Handle two = create_busy_queue();
  ASSERT_EQ(word(two, Queue::RING), ring);
  EXPECT_FALSE(takes.holds());
  EXPECT_GT(arena().get(ring + layout::Ring::HEAD), head + 2 * layout::RING_ENTRIES);
  EXPECT_GT(arena().get(ring + layout::Ring::TAIL), tail + 2 * layout::RING_ENTRIES);
  Entry entry{};
  EXPECT_EQ(EntryRing(arena(), ring).pop(takes, entry), EntryRing::Outcome::kSlow);
  EXPECT_EQ(EntryRing(arena(), ring).push(takes, entry), EntryRing::Outcome::kSlow);
  EXPECT_EQ(count(two), 0);
}

// Rings go from queue to queue while threads that have just looked at one put and take.
TEST_F(RingChainTest, ItemsStayInTheirQueueWhileRingsChangeHands) {
  constexpr int kQueues = 3;
  constexpr int kThreads = 3;
  constexpr int kBurst = 5 * layout::RING_ENTRIES / 2;
  const int rounds = 40 / kSanitizerSlowdown;
  std::vector<Handle> queues;
  for (int32_t max_size : {0, 0, 2 * kBurst}) queues.push_back(create_busy_queue(max_size));
  const int32_t live = arena().get(layout::Header::RINGS_LIVE);
  std::vector<std::atomic<int>> taken(kQueues);
  std::vector<std::thread> producers;
  std::vector<std::thread> consumers;
  for (int p = 0; p < kThreads; p++) {
    producers.push_back(spawn([&, p](Isolate& isolate) {
      std::vector<int> next(kQueues);
      for (int round = 0; round < rounds; round++) {
        const int q = (round + p) % kQueues;
        for (int i = 0; i < kBurst; i++)
          ASSERT_EQ(isolate.put_number(queues[static_cast<size_t>(q)],
                                       (q * kThreads + p) * 1e7 + next[static_cast<size_t>(q)]++),
                    Outcome::OK);
      }
    }));
    consumers.push_back(spawn([&, p](Isolate& isolate) {
      std::mt19937 random(static_cast<unsigned>(p));
      std::vector<int> last(kQueues * kThreads, -1);
      for (int finished = 0; finished < kQueues;) {
        finished = 0;
        for (int q = 0; q < kQueues; q++) {
          for (unsigned left = random() % 4000; left > 0; left--) {
            double number = 0;
            const OutcomeCode outcome = isolate.take_number(queues[static_cast<size_t>(q)], number, 0);
            if (outcome == Outcome::SHUT_DOWN) finished++;
            if (outcome != Outcome::OK) break;
            const auto from = static_cast<size_t>(number / 1e7);
            ASSERT_EQ(from / kThreads, static_cast<size_t>(q));
            const int value = static_cast<int>(number - static_cast<double>(from) * 1e7);
            ASSERT_LT(last[from], value);
            last[from] = value;
            taken[static_cast<size_t>(q)]++;
          }
        }
      }
    }));
  }
  join_all(producers);
  for (const Handle queue : queues) core().queue_shutdown(queue, false);
  join_all(consumers);
  int all = 0;
  for (auto& some : taken) all += some.load();
  EXPECT_EQ(all, rounds * kThreads * kBurst);
  for (const Handle queue : queues) EXPECT_EQ(count(queue), 0);
  EXPECT_EQ(arena().get(layout::Header::RINGS_LIVE), live);
}

TEST_F(RingChainTest, WhenTheyAreUsedUpAQueueDoesWithout) {
  Handle first = create_busy_queue();
  const int32_t live = arena().get(layout::Header::RINGS_LIVE);
  arena().set(layout::Header::RINGS_LIVE, layout::MAX_RINGS);
  Handle queue = create_queue();
  for (int i = 0; i < 200; i++) ASSERT_EQ(main().put_number(queue, i, 0), Outcome::OK);
  EXPECT_EQ(word(queue, Queue::RING), 0);
  for (int i = 0; i < 200; i++) ASSERT_EQ(take_now(queue), i);
  arena().set(layout::Header::RINGS_LIVE, live);
  const int32_t ring = word(first, Queue::RING);
  core().disown(first);
  // The ring of a queue that is gone serves another.
  EXPECT_EQ(word(create_busy_queue(), Queue::RING), ring);
}

}  // namespace

}  // namespace heddle::test

// The ring of a busy queue: order, bounds, whom it tells and promises, what the dead leave in it.
#include "core/entry_ring.h"

#include "ring_fixture.h"

namespace heddle::test {

namespace {

TEST_F(RingTest, ComesWithTheSixtyFourthPutAndKeepsTheOrder) {
  Handle queue = create_queue();
  for (int i = 0; i < layout::PUTS_BEFORE_RING - 1; i++)
    ASSERT_EQ(main().put_number(queue, i, 0), Outcome::OK);
  EXPECT_EQ(word(queue, Queue::RING), 0);
  ASSERT_EQ(main().put_number(queue, layout::PUTS_BEFORE_RING - 1, 0), Outcome::OK);
  EXPECT_NE(word(queue, Queue::RING), 0);
  EXPECT_EQ(word(queue, Queue::COUNT), 0);
  for (int i = 0; i < layout::PUTS_BEFORE_RING; i++) EXPECT_EQ(take_now(queue), i);
  EXPECT_EQ(count(queue), 0);
}

TEST_F(RingTest, CountsOnWhereItsPositionsBeginAnew) {
  Handle queue = create_busy_queue();
  const int32_t ring = word(queue, Queue::RING);
  constexpr uint32_t kNearTheEnd = UINT32_MAX - 2 * 10 + 1;
  const uint32_t tail = static_cast<uint32_t>(arena().get(ring + layout::Ring::TAIL));
  const uint32_t before = static_cast<uint32_t>(arena().get(ring + layout::Ring::BEFORE));
  for (const int32_t offset : {layout::Ring::TAIL, layout::Ring::HEAD, layout::Ring::HEAD_SEEN})
    arena().set(ring + offset, static_cast<int32_t>(kNearTheEnd));
  arena().set(ring + layout::Ring::BEFORE, static_cast<int32_t>(before + tail / 2 - kNearTheEnd / 2));
  constexpr int kItems = 30;
  for (int i = 0; i < kItems; i++) ASSERT_EQ(main().put_number(queue, i, 0), Outcome::OK);
  EXPECT_EQ(count(queue), kItems);
  for (int i = 0; i < kItems; i++) {
    ASSERT_EQ(take_now(queue), i);
    ASSERT_EQ(core().queue_task_done(queue), Outcome::OK);
  }
  EXPECT_EQ(core().queue_task_done(queue), Outcome::MISUSE);
}

TEST_F(RingTest, KeepsTheBoundExactly) {
  for (int32_t max_size : {1, 3, layout::RING_ENTRIES, layout::RING_ENTRIES + 5, 3 * layout::RING_ENTRIES}) {
    Handle queue = create_busy_queue(max_size);
    for (int i = 0; i < max_size; i++) ASSERT_EQ(main().put_number(queue, i, 0), Outcome::OK);
    EXPECT_EQ(main().put_number(queue, -1, 0), Outcome::TIMED_OUT);
    EXPECT_EQ(take_now(queue), 0);
    EXPECT_EQ(main().put_number(queue, max_size, 0), Outcome::OK);
    EXPECT_EQ(main().put_number(queue, -1, 0), Outcome::TIMED_OUT);
    core().queue_resize(queue, max_size + 1);
    EXPECT_EQ(main().put_number(queue, max_size + 1, 0), Outcome::OK);
    EXPECT_EQ(main().put_number(queue, -1, 0), Outcome::TIMED_OUT);
    for (int i = 1; i <= max_size + 1; i++) ASSERT_EQ(take_now(queue), i);
  }
}

TEST_F(RingTest, CountsWhatIsNotDone) {
  Handle queue = create_busy_queue();
  EXPECT_EQ(core().queue_join(queue, WaiterMode::THREAD, 0), Outcome::GRANTED);
  constexpr int kItems = 2 * layout::RING_ENTRIES + 10;
  for (int i = 0; i < kItems; i++) ASSERT_EQ(main().put_number(queue, i, 0), Outcome::OK);
  for (int i = 0; i < kItems; i++) {
    EXPECT_EQ(core().queue_join(queue, WaiterMode::THREAD, 0), Outcome::TIMED_OUT);
    take_now(queue);
    ASSERT_EQ(core().queue_task_done(queue), Outcome::OK);
  }
  EXPECT_EQ(core().queue_join(queue, WaiterMode::THREAD, 0), Outcome::GRANTED);
  EXPECT_EQ(core().queue_task_done(queue), Outcome::MISUSE);
}

TEST_F(RingTest, APromisedItemIsNotTakenByOthers) {
  Handle queue = create_busy_queue();
  int32_t ticket = core().queue_await_item(queue, WaiterMode::LOOP, kForEver);
  ASSERT_TRUE(is_ticket(ticket));
  ASSERT_EQ(main().put_number(queue, 1, 0), Outcome::OK);
  ASSERT_EQ(main().put_number(queue, 2, 0), Outcome::OK);
  EXPECT_TRUE(is_closed(queue, layout::Ring::HEAD));
  auto ready = main().drain();
  ASSERT_EQ(ready.size(), 1U);
  EXPECT_EQ(ready[0].outcome, Outcome::GRANTED);
  EXPECT_EQ(take_now(queue), 1);
  double number = 0;
  EXPECT_EQ(main().take_number(queue, number, 0), Outcome::TIMED_OUT);
  TakenItem item;
  EXPECT_EQ(core().queue_take(queue, Turn::kPromised, main().scratch(), item), Outcome::OK);
  EXPECT_FALSE(is_closed(queue, layout::Ring::HEAD));
}

TEST_F(RingTest, GivesAFreePlaceToWhoWaitsForIt) {
  Handle queue = create_busy_queue(2);
  ASSERT_EQ(main().put_number(queue, 1, 0), Outcome::OK);
  ASSERT_EQ(main().put_number(queue, 2, 0), Outcome::OK);
  int32_t ticket = core().queue_await_place(queue, WaiterMode::LOOP, kForEver);
  ASSERT_TRUE(is_ticket(ticket));
  EXPECT_EQ(take_now(queue), 1);
  ASSERT_EQ(main().drain().size(), 1U);
  EXPECT_EQ(main().put_number(queue, -1, 0), Outcome::TIMED_OUT);
  core().queue_unreserve(queue, 0);
  EXPECT_EQ(main().put_number(queue, 3, 0), Outcome::OK);
  EXPECT_EQ(take_now(queue), 2);
  EXPECT_EQ(take_now(queue), 3);
}

// Who waits is told that there is something, and others may be quicker, until that has gone on for long.
TEST_F(RingTest, AThreadIsPromisedAnItemOnceItWasToldInVainForLong) {
  namespace Node = layout::Node;
  Handle queue = create_busy_queue();
  Isolate other(arena());
  for (const bool long_ago : {false, true}) {
    // Comes back after a slice.
    const int32_t ticket = other->queue_await_item(queue, WaiterMode::THREAD, kForEver);
    ASSERT_TRUE(is_ticket(ticket));
    const auto since = arena().long_word(ticket + Node::SINCE);
    // However long it waits: nobody was quicker.
    EXPECT_GT(since.load(), static_cast<uint64_t>(monotonic_ns()));
    ASSERT_EQ(main().put_number(queue, 1, 0), Outcome::OK);
    ASSERT_EQ(word(ticket, Node::STATE), layout::NodeState::RETRY);
    EXPECT_FALSE(is_closed(queue, layout::Ring::HEAD));
    ASSERT_EQ(take_now(queue), 1);
    const int64_t before = monotonic_ns();
    EXPECT_EQ(other->wait(ticket, kForEver), Outcome::PENDING);
    EXPECT_GE(since.load(), static_cast<uint64_t>(before));
    EXPECT_LE(since.load(), static_cast<uint64_t>(monotonic_ns()));
    since.store(
        static_cast<uint64_t>(monotonic_ns() + (long_ago ? -layout::RING_FAIR_AFTER_NS : kLongTimeNs)));
    ASSERT_EQ(main().put_number(queue, 2, 0), Outcome::OK);
    EXPECT_EQ(word(ticket, Node::STATE), long_ago ? Outcome::GRANTED : layout::NodeState::RETRY);
    EXPECT_EQ(word(queue, Queue::RESERVED_ITEMS), long_ago ? 1 : 0);
    ASSERT_EQ(other->wait(ticket, kForEver), Outcome::GRANTED);
    TakenItem item;
    EXPECT_EQ(other->queue_take(queue, Turn::kPromised, other.scratch(), item), Outcome::OK);
    EXPECT_FALSE(is_closed(queue, layout::Ring::HEAD));
  }
}

// The next in line is told when the promise is used, or given back, and not before.
TEST_F(RingTest, WhoLooksAgainAndIsGrantedAnItemLeavesTheOthersForLater) {
  for (const bool use : {false, true}) {
    Handle queue = create_busy_queue();
    Isolate first(arena());
    Isolate second(arena());
    const int32_t one = first->queue_await_item(queue, WaiterMode::THREAD, kForEver);
    const int32_t two = second->queue_await_item(queue, WaiterMode::THREAD, kForEver);
    ASSERT_TRUE(is_ticket(one) && is_ticket(two));
    ASSERT_EQ(main().put_number(queue, 1, 0), Outcome::OK);
    ASSERT_EQ(main().put_number(queue, 2, 0), Outcome::OK);
    ASSERT_EQ(first->wait(one, kForEver), Outcome::GRANTED);
    EXPECT_TRUE(is_closed(queue, layout::Ring::HEAD));
    EXPECT_NE(word(two, layout::Node::STATE), layout::NodeState::RETRY);
    TakenItem item;
    if (use) {
      EXPECT_EQ(first->queue_take(queue, Turn::kPromised, first.scratch(), item), Outcome::OK);
    } else {
      first->queue_unreserve(queue, 1);
    }
    EXPECT_EQ(word(two, layout::Node::STATE), layout::NodeState::RETRY);
    EXPECT_FALSE(is_closed(queue, layout::Ring::HEAD));
    ASSERT_EQ(second->wait(two, kForEver), Outcome::GRANTED);
    EXPECT_EQ(second->queue_take(queue, Turn::kPromised, second.scratch(), item), Outcome::OK);
    EXPECT_EQ(count(queue), use ? 0 : 1);
  }
}

TEST_F(RingTest, AThreadAtTheEndOfTheRingLetsItemsGather) {
  Gatherer gatherer;
  int32_t there = 1;
  int looks = 0;
  // One more at each look, to begin with.
  const auto count = [&] { return looks++ < 3 ? there++ : there; };
  gatherer.gather(count);
  EXPECT_EQ(looks, 5);
  // Nothing more came: as long as that is so, it hardly ever waits.
  looks = 0;
  const auto one = [&] { return looks++, 1; };
  gatherer.gather(one);
  EXPECT_EQ(looks, 2);
  looks = 0;
  for (int i = 0; i < 80; i++) gatherer.gather(one);
  EXPECT_EQ(looks, 6);
  // Nothing to gather, and enough.
  Gatherer fresh;
  looks = 0;
  fresh.gather([&] { return looks++, 0; });
  fresh.gather([&] { return looks++, Gatherer::kEnough; });
  EXPECT_EQ(looks, 2);
}

TEST_F(RingTest, FillsTheGapThatADeadPutterLeft) {
  for (bool with_waiter : {false, true}) {
    Handle queue = create_busy_queue();
    auto dead = std::make_unique<Isolate>(arena());
    ASSERT_EQ(main().put_number(queue, 1, 0), Outcome::OK);
    begin_put({(*dead)->self()}, queue);
    ASSERT_EQ(main().put_number(queue, 2, 0), Outcome::OK);
    EXPECT_EQ(take_now(queue), 1);
    double number = 0;
    EXPECT_EQ(main().take_number(queue, number, 0), Outcome::TIMED_OUT);
    int32_t ticket = with_waiter ? core().queue_await_item(queue, WaiterMode::LOOP, kForEver) : 0;
    dead.reset();
    if (with_waiter) {
      ASSERT_TRUE(is_ticket(ticket));
      ASSERT_EQ(main().drain().size(), 1U);
      core().queue_unreserve(queue, 1);
    }
    EXPECT_EQ(count(queue), 1);
    EXPECT_EQ(take_now(queue), 2);
    EXPECT_EQ(count(queue), 0);
  }
}

// The blank entry in the place of a dead putter is no item, and takes no place from one.
TEST_F(RingTest, DoesNotCountWhatTheDeadLeft) {
  Handle queue = create_busy_queue(3);
  auto dead = std::make_unique<Isolate>(arena());
  ASSERT_EQ(main().put_number(queue, 1, 0), Outcome::OK);
  begin_put({(*dead)->self()}, queue);
  ASSERT_EQ(main().put_number(queue, 2, 0), Outcome::OK);
  EXPECT_EQ(main().put_number(queue, 3, 0), Outcome::TIMED_OUT);
  dead.reset();
  EXPECT_EQ(count(queue), 2);
  EXPECT_EQ(main().put_number(queue, 3, 0), Outcome::OK);
  EXPECT_EQ(main().put_number(queue, 4, 0), Outcome::TIMED_OUT);
  for (int i = 1; i <= 3; i++) {
    EXPECT_EQ(take_now(queue), i);
    EXPECT_EQ(count(queue), 3 - i);
  }
}

// Who takes the last item may leave the blank one after it.
TEST_F(RingTest, IsEmptyWithNothingButABlankEntry) {
  Handle queue = create_busy_queue(1);
  auto dead = std::make_unique<Isolate>(arena());
  begin_put({(*dead)->self()}, queue);
  int32_t ticket = core().queue_await_place(queue, WaiterMode::LOOP, kForEver);
  ASSERT_TRUE(is_ticket(ticket));
  dead.reset();
  // Its place is there for who has waited for it.
  ASSERT_EQ(main().drain().size(), 1U);
  EXPECT_EQ(count(queue), 0);
  double number = 0;
  EXPECT_EQ(main().take_number(queue, number, 0), Outcome::TIMED_OUT);
  core().queue_unreserve(queue, 0);
  EXPECT_EQ(main().put_number(queue, 1, 0), Outcome::OK);
  EXPECT_EQ(take_now(queue), 1);
}

// Both have noted the same turn, and it was the living one's, who is stopped before it has published.
TEST_F(RingTest, LeavesThePlaceToALivePutterThatIsStopped) {
  Handle queue = create_busy_queue();
  auto dead = std::make_unique<Isolate>(arena());
  Isolate stopped(arena());
  const int32_t tail = begin_put({(*dead)->self(), stopped->self()}, queue);
  ASSERT_EQ(main().put_number(queue, 2, 0), Outcome::OK);
  std::atomic<bool> swept = false;
  std::thread sweeper([&] {
    dead.reset();
    swept = true;
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(400));
  EXPECT_FALSE(swept);
  double number = 0;
  EXPECT_EQ(main().take_number(queue, number, 0), Outcome::TIMED_OUT);
  // It goes on.
  const double one = 1;
  const int32_t head = head_at(word(queue, Queue::RING), tail);
  arena().set(head + layout::RingHead::META, Isolate::kNumberLane | static_cast<int32_t>(sizeof one + 1)
                                                                        << layout::RingHead::BRIEF_SHIFT);
  std::memcpy(&arena().words()[head + layout::RingHead::DATA], &one, sizeof one);
  arena().set(head + layout::RingHead::SEQUENCE, tail | 1);
  sweeper.join();
  arena().set(slot_word(stopped->self(), layout::Slot::RING_QUEUE), 0);
  EXPECT_EQ(take_now(queue), 1);
  EXPECT_EQ(take_now(queue), 2);
  EXPECT_EQ(count(queue), 0);
}

// The living one has not had the turn, and finds that out.
TEST_F(RingTest, FillsAContestedGapOnceTheLiveOneHasGoneOn) {
  Handle queue = create_busy_queue();
  auto dead = std::make_unique<Isolate>(arena());
  Isolate stopped(arena());
  begin_put({(*dead)->self(), stopped->self()}, queue);
  ASSERT_EQ(main().put_number(queue, 2, 0), Outcome::OK);
  std::thread sweeper([&] { dead.reset(); });
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  arena().set(slot_word(stopped->self(), layout::Slot::RING_QUEUE), 0);
  sweeper.join();
  EXPECT_EQ(take_now(queue), 2);
  EXPECT_EQ(count(queue), 0);
}

TEST_F(RingTest, DropsWhatIsPublishedAfterAnImmediateShutdown) {
  Handle queue = create_busy_queue();
  Handle held = create(Kind::EVENT);
  core().retain(held);
  ASSERT_EQ(main().put_number(queue, 1, 0), Outcome::OK);
  const int32_t tail = ring_word(queue, layout::Ring::TAIL);
  arena().set(word(queue, Queue::RING) + layout::Ring::TAIL, tail + 2);
  core().queue_shutdown(queue, true);
  // Now it comes: an entry with a reference.
  const int32_t ring = word(queue, Queue::RING);
  const int32_t head = head_at(ring, tail);
  arena().set(head + layout::RingHead::META, 0);
  arena().set(head + layout::RingHead::LENGTH, 0);
  arena().set(head + layout::RingHead::HANDLES, 1);
  arena().set(ring + layout::RING_BODIES + tail / 2 % layout::RING_ENTRIES * layout::WORDS_PER_RING_BODY,
              held);
  arena().set(head + layout::RingHead::SEQUENCE, tail | 1);
  EXPECT_NE(ring_word(queue, layout::Ring::GET_WAITING), 0);
  core().queue_notice(queue, 1);
  EXPECT_EQ(word(held, Cell::REFS), 1);
  double number = 0;
  EXPECT_EQ(main().take_number(queue, number), Outcome::SHUT_DOWN);
  EXPECT_EQ(core().queue_join(queue, WaiterMode::THREAD, 0), Outcome::GRANTED);
}

// Puts and takes without the guard race those with it, waits of both modes, timeouts, and overflows.
TEST_F(RingTest, LosesAndDoublesNothingWhateverIsMixed) {
  for (int32_t max_size : {2, 40, 0, 3 * layout::RING_ENTRIES}) {
    Handle queue = create_busy_queue(max_size);
    const int items = 30'000 / kSanitizerSlowdown;
    std::vector<std::atomic<int>> seen(static_cast<size_t>(3 * items));
    std::vector<std::thread> producers;
    std::vector<std::thread> consumers;
    for (int p = 0; p < 3; p++) {
      producers.push_back(spawn([&, p](Isolate& isolate) {
        std::mt19937 random(static_cast<unsigned>(p));
        for (int i = 0; i < items;) {
          const double number = p * items + i;
          if (random() % 4 != 0) {
            const double timeout = random() % 2 == 0 ? kForEver : 0.001 * (random() % 50);
            if (isolate.put_number(queue, number, timeout) == Outcome::OK) i++;
            continue;
          }
          int32_t begun = isolate->queue_await_place(queue, WaiterMode::LOOP, kForEver);
          if (is_ticket(begun)) {
            for (unsigned pause = random() % 64; pause > 0; pause--) cpu_relax();
            begun = isolate->cancel(begun);
            ASSERT_TRUE(isolate.drain().empty());
          }
          if (begun != Outcome::GRANTED) continue;
          PutItem item;
          item.lane = Isolate::kNumberLane;
          item.bytes = {reinterpret_cast<const uint8_t*>(&number), sizeof number};
          ASSERT_EQ(isolate->queue_put(queue, Turn::kPromised, item), Outcome::OK);
          i++;
        }
      }));
      consumers.push_back(spawn([&, p](Isolate& isolate) {
        std::mt19937 random(static_cast<unsigned>(p + 100));
        std::vector<int> last(3, -1);
        for (;;) {
          double number = 0;
          const double timeout = random() % 2 == 0 ? kForEver : 0.001 * (random() % 50);
          const OutcomeCode outcome = isolate.take_number(queue, number, timeout);
          if (outcome == Outcome::SHUT_DOWN) break;
          if (outcome != Outcome::OK) continue;
          const int value = static_cast<int>(number);
          seen[static_cast<size_t>(value)]++;
          ASSERT_LT(last[static_cast<size_t>(value / items)], value);
          last[static_cast<size_t>(value / items)] = value;
        }
      }));
    }
    join_all(producers);
    core().queue_shutdown(queue, false);
    join_all(consumers);
    for (auto& times : seen) ASSERT_EQ(times.load(), 1);
    EXPECT_EQ(word(queue, Queue::RESERVED_ITEMS), 0);
    EXPECT_EQ(word(queue, Queue::RESERVED_PLACES), 0);
    EXPECT_FALSE(is_closed(queue, layout::Ring::HEAD));
  }
}

}  // namespace

}  // namespace heddle::test

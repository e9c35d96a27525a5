// The queue: order, bounds, reservations, shutdown, what items hold, and what it costs in memory.
#include "core/queue.h"

#include <bit>

#include "queue_fixture.h"

namespace heddle::test {

namespace {

std::vector<uint8_t> pattern(size_t length, uint32_t seed) {
  std::vector<uint8_t> bytes(length);
  std::mt19937 random(seed);
  for (auto& byte : bytes) byte = static_cast<uint8_t>(random());
  return bytes;
}

// The key of a number, as lib/queues/priority-key.ts writes it.
std::vector<uint8_t> number_key(double number) {
  auto bits = std::bit_cast<uint64_t>(number);
  bits = (bits >> 63) != 0 ? ~bits : bits | uint64_t{1} << 63;
  std::vector<uint8_t> key = {0x10};
  for (int shift = 56; shift >= 0; shift -= 8) key.push_back(static_cast<uint8_t>(bits >> shift));
  key.push_back(0);
  return key;
}

std::vector<uint8_t> string_key(const std::string& text) {
  std::string key = "\x20" + text + std::string(2, '\0');
  return {key.begin(), key.end()};
}

TEST_F(QueueTest, FifoKeepsTheOrderOfArrival) {
  Handle queue = create_queue();
  // Through several segments, growing and shrinking.
  int next_in = 0;
  int next_out = 0;
  std::mt19937 random(1);
  for (int round = 0; round < 200; round++) {
    for (unsigned i = random() % 300; i > 0; i--) {
      ASSERT_EQ(main().put_number(queue, next_in++), Outcome::OK);
    }
    for (unsigned i = random() % 300; i > 0 && next_out < next_in; i--) {
      ASSERT_EQ(take_now(queue), next_out++);
    }
  }
  while (next_out < next_in) ASSERT_EQ(take_now(queue), next_out++);
  EXPECT_EQ(core().queue_take(queue, Turn::kNow, main().scratch(), *std::make_unique<TakenItem>()),
            Outcome::EMPTY);
}

TEST_F(QueueTest, LifoGivesTheNewestFirst) {
  Handle queue = create_queue(Discipline::LIFO);
  std::vector<int> expected;
  std::mt19937 random(2);
  for (int i = 0; i < 20'000; i++) {
    if (random() % 5 < 3 || expected.empty()) {
      ASSERT_EQ(main().put_number(queue, i), Outcome::OK);
      expected.push_back(i);
    } else {
      ASSERT_EQ(take_now(queue), expected.back());
      expected.pop_back();
    }
  }
  for (; !expected.empty(); expected.pop_back()) ASSERT_EQ(take_now(queue), expected.back());
}

TEST_F(QueueTest, PriorityGivesTheLowestFirstAndTiesInOrderOfArrival) {
  Handle queue = create_queue(Discipline::PRIORITY);
  std::multimap<int, uint32_t> expected;
  std::mt19937 random(3);
  for (uint32_t i = 0; i < 5'000; i++) {
    if (random() % 5 < 3 || expected.empty()) {
      int priority = static_cast<int>(random() % 50) - 25;
      auto bytes = pattern(random() % 100, i);
      ASSERT_EQ(put_bytes(main(), queue, bytes, {}, number_key(priority)), Outcome::OK);
      expected.insert({priority, i});
      random.discard(1);
    } else {
      TakenItem item;
      ASSERT_EQ(core().queue_take(queue, Turn::kNow, main().scratch(), item), Outcome::OK);
      auto all = pattern(100, expected.begin()->second);
      ASSERT_TRUE(std::equal(item.bytes.begin(), item.bytes.end(), all.begin()));
      expected.erase(expected.begin());
    }
  }
  core().queue_shutdown(queue, true);
}

TEST_F(QueueTest, LongKeysAreCompared) {
  Handle queue = create_queue(Discipline::PRIORITY);
  std::string stem(300, 'x');
  for (int i : {3, 1, 2}) {
    double number = i;
    std::span bytes(reinterpret_cast<const uint8_t*>(&number), sizeof number);
    ASSERT_EQ(put_bytes(main(), queue, bytes, {}, string_key(stem + std::to_string(i))), Outcome::OK);
  }
  for (double i : {1, 2, 3}) {
    TakenItem item;
    ASSERT_EQ(core().queue_take(queue, Turn::kNow, main().scratch(), item), Outcome::OK);
    double number = 0;
    std::memcpy(&number, item.bytes.data(), sizeof number);
    EXPECT_EQ(number, i);
  }
}

TEST_F(QueueTest, AnIncomparableKeyLeavesThePriorityQueueUnchanged) {
  Handle queue = create_queue(Discipline::PRIORITY);
  ASSERT_EQ(put_bytes(main(), queue, {}, {}, number_key(1)), Outcome::OK);
  Handle held = create(Kind::EVENT);
  EXPECT_EQ(put_bytes(main(), queue, pattern(10'000, 1), std::span(&held, 1), string_key("a")),
            Outcome::INCOMPARABLE);
  EXPECT_EQ(count(queue), 1);
  EXPECT_EQ(word(queue, Queue::UNFINISHED), 1);
  EXPECT_EQ(word(held, Cell::REFS), 1);
  core().queue_shutdown(queue, true);
}

TEST_F(QueueTest, PayloadsOfAllSizesArriveWhole) {
  for (int32_t discipline : {Discipline::FIFO, Discipline::LIFO, Discipline::PRIORITY}) {
    Handle queue = create_queue(discipline);
    for (size_t length :
         {0, 1, 8, 15, 16, 17, 64, 1000, 4095, 4096, 4097, 16'384, 16'385, 100'000, 3'000'000}) {
      auto bytes = pattern(length, static_cast<uint32_t>(length));
      ASSERT_EQ(put_bytes(main(), queue, bytes, {}, number_key(0)), Outcome::OK);
      TakenItem item;
      ASSERT_EQ(core().queue_take(queue, Turn::kNow, main().scratch(), item), Outcome::OK);
      EXPECT_EQ(item.lane, 8);
      EXPECT_EQ(item.tag, 3);
      EXPECT_EQ(item.owns_block(), length > EngineCore::kScratchBytes);
      ASSERT_TRUE(std::equal(bytes.begin(), bytes.end(), item.bytes.begin(), item.bytes.end())) << length;
    }
  }
}

TEST_F(QueueTest, BytesThatTheirTakerKeepsAreNotCopiedToTheScratch) {
  Handle queue = create_queue();
  for (const int32_t lane : {layout::ItemLane::BYTES, layout::ItemLane::BUFFER}) {
    for (const size_t length : {4096, 4097, 65'536, 65'537}) {
      // At every distance from a multiple of a vector.
      for (size_t start = 0; start < 17; start++) {
        const auto bytes = pattern(start + length, static_cast<uint32_t>(length));
        PutItem item;
        item.lane = lane;
        item.bytes = std::span(bytes).subspan(start);
        ASSERT_EQ(core().queue_put(queue, Turn::kNow, item), Outcome::OK);
        TakenItem taken;
        ASSERT_EQ(core().queue_take(queue, Turn::kNow, main().scratch(), taken), Outcome::OK);
        EXPECT_EQ(taken.owns_block(), length > PayloadStore::kChunkLimit);
        ASSERT_TRUE(std::ranges::equal(item.bytes, taken.bytes)) << length << " from " << start;
      }
    }
  }
}

TEST_F(QueueTest, RefusesWhatTheHeapCannotHold) {
  Handle queue = create_queue();
  PutItem item;
  // Nobody reads the bytes: there is no block to copy them to.
  item.bytes = {main().scratch().data(), kHeapBytes * 2};
  EXPECT_EQ(core().queue_put(queue, Turn::kNow, item), Outcome::NO_MEMORY);
  EXPECT_EQ(count(queue), 0);
  EXPECT_EQ(main().put_number(queue, 1), Outcome::OK);
  EXPECT_EQ(take_now(queue), 1);
}

TEST_F(QueueTest, IsFullAtItsMaximum) {
  Handle queue = create_queue(Discipline::FIFO, 2);
  EXPECT_EQ(main().put_number(queue, 1, 0), Outcome::OK);
  EXPECT_EQ(main().put_number(queue, 2, 0), Outcome::OK);
  EXPECT_EQ(core().queue_put(queue, Turn::kNow, PutItem()), Outcome::FULL);
  EXPECT_EQ(main().put_number(queue, 3, 5), Outcome::TIMED_OUT);
  EXPECT_EQ(count(queue), 2);
}

TEST_F(QueueTest, APlaceIsPromisedToThePutterWhoWaitedFirst) {
  Handle queue = create_queue(Discipline::FIFO, 1);
  ASSERT_EQ(main().put_number(queue, 1), Outcome::OK);
  int32_t first = core().queue_await_place(queue, WaiterMode::LOOP, kForEver);
  int32_t second = core().queue_await_place(queue, WaiterMode::LOOP, kForEver);
  EXPECT_EQ(take_now(queue), 1);
  auto ready = main().drain();
  ASSERT_EQ(ready.size(), 1U);
  EXPECT_EQ(ready[0].ticket, first);
  // Nobody else gets in before it has put.
  EXPECT_EQ(main().put_number(queue, 9, 0), Outcome::TIMED_OUT);
  core().queue_unreserve(queue, 0);
  ready = main().drain();
  ASSERT_EQ(ready.size(), 1U);
  EXPECT_EQ(ready[0].ticket, second);
  EXPECT_EQ(core().queue_put(queue, Turn::kPromised, PutItem()), Outcome::OK);
  EXPECT_EQ(word(queue, Queue::RESERVED_PLACES), 0);
}

TEST_F(QueueTest, AnItemIsPromisedToTheGetterWhoWaitedFirst) {
  Handle queue = create_queue();
  int32_t first = core().queue_await_item(queue, WaiterMode::LOOP, kForEver);
  int32_t second = core().queue_await_item(queue, WaiterMode::LOOP, kForEver);
  ASSERT_EQ(main().put_number(queue, 7), Outcome::OK);
  auto ready = main().drain();
  ASSERT_EQ(ready.size(), 1U);
  EXPECT_EQ(ready[0].ticket, first);
  double number = 0;
  EXPECT_EQ(main().take_number(queue, number, 0), Outcome::TIMED_OUT);
  // Given back, it goes to the next, also when the wait was cancelled too late.
  core().queue_unreserve(queue, 1);
  EXPECT_EQ(core().cancel(second), Outcome::GRANTED);
  TakenItem item;
  EXPECT_EQ(core().queue_take(queue, Turn::kPromised, main().scratch(), item), Outcome::OK);
  EXPECT_EQ(word(queue, Queue::RESERVED_ITEMS), 0);
}

TEST_F(QueueTest, AFailedPutGivesItsPlaceToTheNext) {
  Handle queue = create_queue(Discipline::PRIORITY, 2);
  ASSERT_EQ(put_bytes(main(), queue, {}, {}, number_key(1)), Outcome::OK);
  ASSERT_EQ(core().queue_await_place(queue, WaiterMode::LOOP, kForEver), Outcome::GRANTED);
  int32_t ticket = core().queue_await_place(queue, WaiterMode::LOOP, kForEver);
  ASSERT_TRUE(is_ticket(ticket));
  auto key = string_key("x");
  PutItem item;
  item.key = key;
  EXPECT_EQ(core().queue_put(queue, Turn::kPromised, item), Outcome::INCOMPARABLE);
  auto ready = main().drain();
  ASSERT_EQ(ready.size(), 1U);
  EXPECT_EQ(ready[0].ticket, ticket);
  core().queue_unreserve(queue, 0);
}

TEST_F(QueueTest, GrowingItGrantsPlaces) {
  Handle queue = create_queue(Discipline::FIFO, 1);
  ASSERT_EQ(main().put_number(queue, 1), Outcome::OK);
  for (int i = 0; i < 3; i++) (void)core().queue_await_place(queue, WaiterMode::LOOP, kForEver);
  core().queue_resize(queue, 3);
  EXPECT_EQ(main().drain().size(), 2U);
  core().queue_resize(queue, 0);
  EXPECT_EQ(main().drain().size(), 1U);
}

TEST_F(QueueTest, JoinWaitsForEveryTask) {
  Handle queue = create_queue();
  EXPECT_EQ(core().queue_join(queue, WaiterMode::THREAD, kForEver), Outcome::GRANTED);
  EXPECT_EQ(core().queue_task_done(queue), Outcome::MISUSE);
  ASSERT_EQ(main().put_number(queue, 1), Outcome::OK);
  ASSERT_EQ(main().put_number(queue, 2), Outcome::OK);
  EXPECT_EQ(core().queue_join(queue, WaiterMode::THREAD, 0), Outcome::TIMED_OUT);
  int32_t ticket = core().queue_join(queue, WaiterMode::LOOP, kForEver);
  take_now(queue);
  take_now(queue);
  EXPECT_EQ(core().queue_task_done(queue), Outcome::OK);
  EXPECT_TRUE(main().drain().empty());
  EXPECT_EQ(core().queue_task_done(queue), Outcome::OK);
  auto ready = main().drain();
  ASSERT_EQ(ready.size(), 1U);
  EXPECT_EQ(ready[0].ticket, ticket);
}

TEST_F(QueueTest, ShutdownLetsWhatIsThereBeTaken) {
  Handle queue = create_queue(Discipline::FIFO, 2);
  ASSERT_EQ(main().put_number(queue, 1), Outcome::OK);
  ASSERT_EQ(main().put_number(queue, 2), Outcome::OK);
  int32_t putter = core().queue_await_place(queue, WaiterMode::LOOP, kForEver);
  core().queue_shutdown(queue, false);
  auto ready = main().drain();
  ASSERT_EQ(ready.size(), 1U);
  EXPECT_EQ(ready[0].ticket, putter);
  EXPECT_EQ(ready[0].outcome, Outcome::SHUT_DOWN);
  EXPECT_EQ(main().put_number(queue, 3), Outcome::SHUT_DOWN);
  EXPECT_EQ(core().queue_await_place(queue, WaiterMode::THREAD, kForEver), Outcome::SHUT_DOWN);
  EXPECT_EQ(take_now(queue), 1);
  EXPECT_EQ(core().queue_await_item(queue, WaiterMode::THREAD, kForEver), Outcome::GRANTED);
  TakenItem item;
  EXPECT_EQ(core().queue_take(queue, Turn::kPromised, main().scratch(), item), Outcome::OK);
  EXPECT_EQ(core().queue_take(queue, Turn::kNow, main().scratch(), item), Outcome::SHUT_DOWN);
  EXPECT_EQ(core().queue_await_item(queue, WaiterMode::THREAD, kForEver), Outcome::SHUT_DOWN);
}

TEST_F(QueueTest, ShutdownSendsAwayGettersWhoWait) {
  Handle queue = create_queue();
  std::thread getter = spawn([&](Isolate& isolate) {
    double number = 0;
    EXPECT_EQ(isolate.take_number(queue, number), Outcome::SHUT_DOWN);
  });
  ASSERT_TRUE(has_waiter(queue));
  core().queue_shutdown(queue, false);
  getter.join();
}

TEST_F(QueueTest, ImmediateShutdownDropsWhatIsThere) {
  Handle queue = create_queue(Discipline::FIFO, 2);
  Handle held = create(Kind::EVENT);
  core().retain(held);
  ASSERT_EQ(put_bytes(main(), queue, pattern(100, 1), std::span(&held, 1)), Outcome::OK);
  ASSERT_EQ(main().put_number(queue, 1), Outcome::OK);
  int32_t joiner = core().queue_join(queue, WaiterMode::LOOP, kForEver);
  ASSERT_EQ(core().queue_await_item(queue, WaiterMode::THREAD, kForEver), Outcome::GRANTED);
  core().queue_shutdown(queue, true);
  EXPECT_EQ(word(held, Cell::REFS), 1);
  EXPECT_EQ(count(queue), 0);
  EXPECT_EQ(word(queue, Queue::UNFINISHED), 0);
  auto ready = main().drain();
  ASSERT_EQ(ready.size(), 1U);
  EXPECT_EQ(ready[0].ticket, joiner);
  TakenItem item;
  EXPECT_EQ(core().queue_take(queue, Turn::kPromised, main().scratch(), item), Outcome::SHUT_DOWN);
}

TEST_F(QueueTest, AGrantedPutterOfAQueueShutDownMeanwhileIsToldSo) {
  Handle queue = create_queue(Discipline::FIFO, 1);
  ASSERT_EQ(core().queue_await_place(queue, WaiterMode::THREAD, kForEver), Outcome::GRANTED);
  core().queue_shutdown(queue, false);
  EXPECT_EQ(core().queue_put(queue, Turn::kPromised, PutItem()), Outcome::SHUT_DOWN);
  EXPECT_EQ(word(queue, Queue::RESERVED_PLACES), 0);
}

TEST_F(QueueTest, ItemsHoldTheirReferencesUntilTheyAreTakenOrDropped) {
  Handle queue = create_queue();
  Handle inner = create_queue();
  Handle event = create(Kind::EVENT);
  core().retain(event);
  ASSERT_EQ(put_bytes(main(), inner, pattern(3, 1), std::span(&event, 1)), Outcome::OK);
  core().retain(inner);
  ASSERT_EQ(put_bytes(main(), queue, pattern(5'000, 1), std::span(&inner, 1)), Outcome::OK);
  core().disown(inner);
  core().disown(event);
  EXPECT_EQ(word(inner, Cell::KIND), Kind::QUEUE);
  EXPECT_EQ(word(event, Cell::REFS), 1);
  core().disown(queue);
  EXPECT_EQ(word(inner, Cell::KIND), Kind::FREE);
  EXPECT_EQ(word(event, Cell::KIND), Kind::FREE);
}

TEST_F(QueueTest, ALongChainOfQueuesIsTakenDownWithoutRecursion) {
  Handle outer = 0;
  for (int i = 0; i < 50'000; i++) {
    Handle queue = create_queue();
    if (outer != 0) {
      core().retain(outer);
      ASSERT_EQ(put_bytes(main(), queue, {}, std::span(&outer, 1)), Outcome::OK);
      core().disown(outer);
    }
    outer = queue;
  }
  core().disown(outer);
}

// What a broker takes for another process: not what holds an object that cannot go there.
TEST_F(QueueTest, AnItemThatCannotLeaveStaysWhereItIs) {
  const int32_t broker = core().self();
  const Handle value = create(Kind::VALUE);
  const Handle lock = create(Kind::MUTEX);
  const Handle own_proxy = create(Kind::MUTEX | layout::PROXY);
  core().words()[own_proxy + layout::ProxyWord::BROKER] = broker;
  const Handle others_proxy = create(Kind::MUTEX | layout::PROXY);
  core().words()[others_proxy + layout::ProxyWord::BROKER] = broker + 1;
  const auto put = [&](Handle queue, std::span<const Handle> handles, uint8_t text, double key) {
    for (const Handle handle : handles) core().retain(handle);
    ASSERT_EQ(put_bytes(main(), queue, {&text, 1}, handles, number_key(key)), Outcome::OK);
  };
  const auto take = [&](Handle queue, bool reserved, Handle& obstacle) {
    TakenItem item;
    const OutcomeCode outcome =
        core().queue_take_for(queue, reserved, broker, main().scratch(), item, obstacle);
    return outcome == Outcome::OK ? item.bytes[0] : -outcome;
  };
  for (const int32_t discipline : {Discipline::FIFO, Discipline::LIFO, Discipline::PRIORITY}) {
    // With a ring, where there is one, and without.
    for (const int32_t before : {0, layout::PUTS_BEFORE_RING + 8}) {
      const Handle queue = create_queue(discipline);
      Handle obstacle = 0;
      EXPECT_EQ(take(queue, false, obstacle), -Outcome::EMPTY);
      for (int32_t i = 0; i < before; i++) put(queue, {}, 'x', i);
      for (int32_t i = 0; i < before; i++) EXPECT_EQ(take(queue, false, obstacle), 'x');

      for (const Handle foreign : {value, others_proxy}) {
        const Handle bad[] = {lock, foreign, value};
        put(queue, bad, 'b', 1);
        EXPECT_EQ(take(queue, false, obstacle), -Outcome::MISUSE);
        EXPECT_EQ(obstacle, foreign);
        // A promise is given back: the item is the next one's.
        ASSERT_EQ(core().queue_await_item(queue, WaiterMode::LOOP, kForEver), Outcome::GRANTED);
        const int32_t next = core().queue_await_item(queue, WaiterMode::LOOP, kForEver);
        ASSERT_TRUE(is_ticket(next));
        EXPECT_EQ(take(queue, true, obstacle), -Outcome::MISUSE);
        const auto ready = main().drain();
        ASSERT_EQ(ready.size(), 1U);
        EXPECT_EQ(ready[0].ticket, next);
        EXPECT_EQ(ready[0].outcome, Outcome::GRANTED);
        TakenItem item;
        EXPECT_EQ(core().queue_take(queue, Turn::kPromised, main().scratch(), item), Outcome::OK);
        EXPECT_EQ(count(queue), 0);
        for (const Handle handle : bad) core().release(handle);
      }
      const Handle good[] = {lock, own_proxy};
      put(queue, good, 'g', 1);
      put(queue, {}, 'h', 2);
      const bool newest_first = discipline == Discipline::LIFO;
      EXPECT_EQ(take(queue, false, obstacle), newest_first ? 'h' : 'g');
      EXPECT_EQ(take(queue, false, obstacle), newest_first ? 'g' : 'h');
      EXPECT_EQ(obstacle, 0);
      for (const Handle handle : good) core().release(handle);
      core().queue_shutdown(queue, false);
      EXPECT_EQ(take(queue, false, obstacle), -Outcome::SHUT_DOWN);
      core().disown(queue);
    }
  }
}

// Beyond what a segment holds, where the next item lies in another one.
TEST_F(QueueTest, WhatIsLookedAtFirstIsWhatIsTaken) {
  std::mt19937 random(5);
  for (const int32_t discipline : {Discipline::FIFO, Discipline::LIFO}) {
    const Handle queue = create_queue(discipline);
    for (int round = 0; round < 2000; round++) {
      for (unsigned i = random() % 60; i > 0; i--) {
        const Handle held = round % 2 == 0 ? create(Kind::VALUE) : create(Kind::MUTEX);
        const auto text = static_cast<uint8_t>(round % 2);
        ASSERT_EQ(put_bytes(main(), queue, {&text, 1}, {&held, 1}), Outcome::OK);
      }
      for (unsigned i = random() % 60; i > 0; i--) {
        TakenItem looked_at;
        Handle obstacle = 0;
        const OutcomeCode seen =
            core().queue_take_for(queue, false, 0, main().scratch(), looked_at, obstacle);
        if (seen == Outcome::EMPTY) break;
        if (seen == Outcome::OK) {
          EXPECT_EQ(looked_at.bytes[0], 1);
          continue;
        }
        TakenItem taken;
        ASSERT_EQ(core().queue_take(queue, Turn::kNow, main().scratch(), taken), Outcome::OK);
        EXPECT_EQ(taken.bytes[0], 0);
      }
    }
    core().disown(queue);
  }
}

TEST_F(QueueTest, ReservationsOfTheDeadAreGivenBack) {
  Handle queue = create_queue(Discipline::FIFO, 1);
  auto dying = std::make_unique<Isolate>(arena());
  ASSERT_TRUE(is_ticket((*dying)->queue_await_item(queue, WaiterMode::LOOP, kForEver)));
  int32_t getter = core().queue_await_item(queue, WaiterMode::LOOP, kForEver);
  ASSERT_EQ(main().put_number(queue, 1), Outcome::OK);
  dying.reset();
  auto ready = main().drain();
  ASSERT_EQ(ready.size(), 1U);
  EXPECT_EQ(ready[0].ticket, getter);
  dying = std::make_unique<Isolate>(arena());
  ASSERT_TRUE(is_ticket((*dying)->queue_await_place(queue, WaiterMode::LOOP, kForEver)));
  TakenItem item;
  ASSERT_EQ(core().queue_take(queue, Turn::kPromised, main().scratch(), item), Outcome::OK);
  EXPECT_EQ(word(queue, Queue::RESERVED_PLACES), 1);
  dying.reset();
  EXPECT_EQ(word(queue, Queue::RESERVED_PLACES), 0);
}

TEST_F(QueueTest, ReservationsThatTheDeadKnewOfAreGivenBack) {
  Handle queue = create_queue(Discipline::FIFO, 1);
  for (bool disowned : {false, true}) {
    auto dying = std::make_unique<Isolate>(arena());
    core().retain(queue);
    (*dying)->adopt(queue);
    ASSERT_EQ((*dying)->queue_await_place(queue, WaiterMode::THREAD, kForEver), Outcome::GRANTED);
    EXPECT_EQ(main().put_number(queue, 1, 0), Outcome::TIMED_OUT);
    if (disowned) {
      (*dying)->disown(queue);
    } else {
      dying.reset();
    }
    EXPECT_EQ(word(queue, Queue::RESERVED_PLACES), 0);
    EXPECT_EQ(main().put_number(queue, 1, 0), Outcome::OK);
    EXPECT_EQ(take_now(queue), 1);
  }
}

TEST_F(QueueTest, GivesMemoryBackWhenItEmpties) {
  Handle queue = create_queue(Discipline::LIFO);
  int64_t before = arena().heap().live_bytes();
  for (int i = 0; i < 100'000; i++) ASSERT_EQ(main().put_number(queue, i), Outcome::OK);
  EXPECT_GT(arena().heap().live_bytes(), 6'000'000);
  EXPECT_LT(arena().heap().live_bytes(), 7'000'000);
  for (int i = 100'000; i-- > 0;) ASSERT_EQ(take_now(queue), i);
  EXPECT_LT(arena().heap().live_bytes(), before + 4096);
}

TEST_F(QueueTest, ABurstOfTextsDoesNotStay) {
  for (int32_t discipline : {Discipline::FIFO, Discipline::LIFO, Discipline::PRIORITY}) {
    Handle queue = create_queue(discipline);
    int64_t before = arena().heap().live_bytes();
    auto bytes = pattern(1000, 1);
    for (int i = 0; i < 10'000; i++) {
      ASSERT_EQ(put_bytes(main(), queue, bytes, {}, number_key(i % 7)), Outcome::OK);
    }
    EXPECT_LT(arena().heap().live_bytes(), before + 12'500'000);
    for (int i = 0; i < 10'000; i++) {
      TakenItem item;
      ASSERT_EQ(core().queue_take(queue, Turn::kNow, main().scratch(), item), Outcome::OK);
    }
    // The chunk that this isolate fills stays.
    EXPECT_LE(arena().heap().live_bytes(), before + 96 * 1024);
  }
}

// Producers and consumers of all sorts: every item arrives exactly once, in order for each producer.
TEST_F(QueueTest, ManyToManyLosesAndDoublesNothing) {
  constexpr int kProducers = 2;
  constexpr int kConsumers = 2;
  const int items = 40'000 / kSanitizerSlowdown;
  for (int32_t max_size : {0, 1, 7}) {
    Handle queue = create_queue(Discipline::FIFO, max_size);
    std::vector<std::atomic<int>> seen(static_cast<size_t>(kProducers * items));
    std::vector<std::thread> threads;
    for (int p = 0; p < kProducers; p++) {
      threads.push_back(spawn([&, p](Isolate& isolate) {
        for (int i = 0; i < items; i++) {
          ASSERT_EQ(isolate.put_number(queue, p * items + i), Outcome::OK);
        }
      }));
    }
    std::vector<std::thread> consumers;
    for (int c = 0; c < kConsumers; c++) {
      consumers.push_back(spawn([&](Isolate& isolate) {
        std::vector<int> last(kProducers, -1);
        double number = 0;
        while (isolate.take_number(queue, number) == Outcome::OK) {
          int value = static_cast<int>(number);
          seen[static_cast<size_t>(value)]++;
          int& before = last[static_cast<size_t>(value / items)];
          ASSERT_LT(before, value);
          before = value;
        }
      }));
    }
    join_all(threads);
    core().queue_shutdown(queue, false);
    join_all(consumers);
    for (auto& times : seen) ASSERT_EQ(times.load(), 1);
    EXPECT_EQ(word(queue, Queue::RESERVED_ITEMS), 0);
    EXPECT_EQ(word(queue, Queue::RESERVED_PLACES), 0);
  }
}

// Timeouts and cancels race grants of items and places; what was granted is taken or given back.
TEST_F(QueueTest, LosesNothingWhenWaitsAreGivenUp) {
  const int races = 50'000 / kSanitizerSlowdown;
  Handle queue = create_queue(Discipline::FIFO, 3);
  std::atomic<int64_t> put_sum = 0;
  std::atomic<int64_t> taken_sum = 0;
  std::vector<std::thread> threads;
  for (unsigned seed = 0; seed < 4; seed++) {
    threads.push_back(spawn([&, seed](Isolate& isolate) {
      std::mt19937 random(seed);
      const bool putter = seed % 2 == 0;
      for (int i = 0; i < races; i++) {
        if (random() % 2 == 0) {
          double timeout = 0.001 * (random() % 30);
          double number = i;
          if (putter) {
            if (isolate.put_number(queue, number, timeout) == Outcome::OK) put_sum += i;
          } else if (isolate.take_number(queue, number, timeout) == Outcome::OK) {
            taken_sum += static_cast<int64_t>(number);
          }
          continue;
        }
        int32_t begun = putter ? isolate->queue_await_place(queue, WaiterMode::LOOP, kForEver)
                               : isolate->queue_await_item(queue, WaiterMode::LOOP, kForEver);
        if (is_ticket(begun)) {
          for (unsigned pause = random() % 64; pause > 0; pause--) cpu_relax();
          begun = isolate->cancel(begun);
          ASSERT_TRUE(isolate.drain().empty());
        }
        if (begun == Outcome::GRANTED) isolate->queue_unreserve(queue, putter ? 0 : 1);
      }
    }));
  }
  join_all(threads);
  EXPECT_EQ(word(queue, Queue::RESERVED_ITEMS), 0);
  EXPECT_EQ(word(queue, Queue::RESERVED_PLACES), 0);
  while (count(queue) > 0) taken_sum += static_cast<int64_t>(take_now(queue));
  EXPECT_EQ(put_sum.load(), taken_sum.load());
  EXPECT_GT(put_sum.load(), 0);
}

}  // namespace

}  // namespace heddle::test

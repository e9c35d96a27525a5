// Cells and references: nothing leaks, nothing goes too early.
#include "core/cells.h"

#include <set>

#include "core_fixture.h"

namespace heddle::test {

namespace {

class CellsTest : public CoreTest {};

TEST_F(CellsTest, AreZeroAndDistinct) {
  std::set<Handle> handles;
  for (int i = 0; i < 1000; i++) {
    Handle handle = create(Kind::EVENT);
    EXPECT_EQ((handle - layout::CELLS_START) % layout::WORDS_PER_CELL, 0);
    EXPECT_TRUE(handles.insert(handle).second);
    for (int32_t offset = Cell::STATE; offset < layout::WORDS_PER_CELL; offset++) {
      ASSERT_EQ(word(handle, offset), 0);
    }
    EXPECT_EQ(word(handle, Cell::KIND), Kind::EVENT);
    EXPECT_EQ(word(handle, Cell::REFS), 1);
  }
  for (Handle handle : handles) {
    core().words()[handle + Cell::STATE] = -1;
    core().words()[handle + Cell::WAITERS + 1] = -1;
    core().disown(handle);
    EXPECT_EQ(word(handle, Cell::KIND), Kind::FREE);
  }
}

TEST_F(CellsTest, AMillionCreatedAndDroppedLeaveTheArenaWhereItWas) {
  struct Sort {
    int32_t kind;
    std::function<void(Handle)> prepare;
  };
  Handle lock = create(Kind::MUTEX);
  const Sort sorts[] = {
      {Kind::MUTEX, [](Handle) {}},
      {Kind::QUEUE,
       [&](Handle handle) {
         ASSERT_EQ(core().queue_init(handle, layout::Discipline::PRIORITY, 0), Outcome::OK);
         ASSERT_EQ(core().queue_put(handle, Turn::kNow, PutItem()), Outcome::OK);
       }},
      {Kind::CONDITION,
       [&](Handle handle) {
         core().retain(lock);
         core().words()[handle + layout::Condition::LOCK] = lock;
       }},
      {Kind::ARRAY, [&](Handle handle) { ASSERT_EQ(core().array_allocate(handle, 5000), Outcome::OK); }},
  };
  int32_t top = arena().get(layout::Header::CELLS_TOP);
  uint64_t heap_top = 0;
  for (const Sort& sort : sorts) {
    for (int i = 0; i < 1'000'000 / kSanitizerSlowdown / 4; i++) {
      Handle handle = core().create(sort.kind);
      ASSERT_NE(handle, 0);
      sort.prepare(handle);
      core().disown(handle);
      if (i == 0) heap_top = arena().heap().top_bytes();
    }
    EXPECT_EQ(arena().heap().top_bytes(), heap_top);
  }
  EXPECT_LE(arena().get(layout::Header::CELLS_TOP), top + 1);
  EXPECT_EQ(cells_live(), 1);
  EXPECT_EQ(word(lock, Cell::REFS), 1);
}

TEST_F(CellsTest, AnIsolateHoldsOneReferenceHoweverOftenAnObjectArrives) {
  Isolate other(arena());
  Handle event = create(Kind::EVENT);
  for (int i = 0; i < 3; i++) {
    core().retain(event);
    other->adopt(event);
  }
  EXPECT_EQ(word(event, Cell::REFS), 2);
  other->disown(event);
  other->disown(event);
  EXPECT_EQ(word(event, Cell::REFS), 1);
  core().disown(event);
  EXPECT_EQ(word(event, Cell::KIND), Kind::FREE);
}

TEST_F(CellsTest, ObjectsHoldTheirLocks) {
  for (auto [kind, offset] : {std::pair{Kind::CONDITION, layout::Condition::LOCK},
                              {Kind::VALUE, layout::Value::LOCK},
                              {Kind::ARRAY, layout::SharedArray::LOCK}}) {
    Handle lock = create(Kind::MUTEX);
    Handle object = create(kind);
    core().retain(lock);
    core().words()[object + offset] = lock;
    core().disown(lock);
    EXPECT_EQ(word(lock, Cell::KIND), Kind::MUTEX);
    core().disown(object);
    EXPECT_EQ(word(lock, Cell::KIND), Kind::FREE);
  }
}

TEST_F(CellsTest, AnEndOfAPipeHangsUp) {
  Handle end = create(Kind::PIPE_END);
  Handle queues[2];
  for (int i = 0; i < 2; i++) {
    queues[i] = create(Kind::QUEUE);
    ASSERT_EQ(core().queue_init(queues[i], layout::Discipline::FIFO, 0), Outcome::OK);
    core().retain(queues[i]);
    core().words()[end + (i == 0 ? layout::PipeEnd::INCOMING : layout::PipeEnd::OUTGOING)] = queues[i];
  }
  Isolate other(arena());
  core().retain(end);
  other->adopt(end);
  core().disown(end);
  for (Handle queue : queues) EXPECT_EQ(state(queue), 0);
  // As when the last isolate that holds it dies.
  other->disown(end);
  EXPECT_EQ(word(end, Cell::KIND), Kind::FREE);
  EXPECT_EQ(state(queues[0]), layout::Queue::SHUT_DOWN | layout::Queue::DROPS_ITEMS);
  EXPECT_EQ(state(queues[1]), layout::Queue::SHUT_DOWN);
  for (Handle queue : queues) {
    EXPECT_EQ(word(queue, Cell::REFS), 1);
    core().disown(queue);
  }
}

TEST_F(CellsTest, RunOutWithoutHarm) {
  // All of them take minutes where accesses are watched.
  const int32_t left_out = kSanitizerSlowdown > 1 ? layout::MAX_CELLS - 10'000 : 0;
  arena().set(layout::Header::CELLS_TOP, left_out);
  std::vector<Handle> all;
  while (Handle handle = core().create(Kind::EVENT)) all.push_back(handle);
  EXPECT_EQ(all.size(), static_cast<size_t>(layout::MAX_CELLS - left_out));
  core().disown(all.back());
  Handle mutex = core().create(Kind::MUTEX);
  ASSERT_NE(mutex, 0);
  // No cell is left for a waiter.
  EXPECT_EQ(core().event_wait(all[0], WaiterMode::LOOP, kForEver), Outcome::NO_MEMORY);
  EXPECT_EQ(state(all[0]), 0);
  ASSERT_EQ(main().lock(mutex), Outcome::GRANTED);
  EXPECT_EQ(core().mutex_acquire(mutex, WaiterMode::LOOP, kForEver), Outcome::NO_MEMORY);
  EXPECT_EQ(state(mutex) & layout::Mutex::PARKED, 0);
  main().unlock(mutex);
  all.pop_back();
  for (Handle handle : all) core().disown(handle);
  core().disown(mutex);
}

TEST_F(CellsTest, ManyThreadsPassReferencesRound) {
  const int rounds = 20'000 / kSanitizerSlowdown;
  Handle queue = create_queue(layout::Discipline::FIFO, 100);
  std::vector<std::thread> threads;
  for (int i = 0; i < 2; i++) {
    threads.push_back(spawn([&](Isolate& isolate) {
      for (int round = 0; round < rounds; round++) {
        Handle event = isolate->create(Kind::EVENT);
        ASSERT_NE(event, 0);
        isolate->retain(event);
        PutItem item;
        item.bytes = {reinterpret_cast<const uint8_t*>(&event), sizeof event};
        item.handles = std::span(&event, 1);
        ASSERT_EQ(isolate.put(queue, item), Outcome::OK);
        isolate->disown(event);
      }
    }));
    threads.push_back(spawn([&](Isolate& isolate) {
      for (int round = 0; round < rounds; round++) {
        TakenItem item;
        ASSERT_EQ(isolate.take(queue, item), Outcome::OK);
        Handle event = 0;
        std::memcpy(&event, item.bytes.data(), sizeof event);
        ASSERT_EQ(word(event, Cell::KIND), Kind::EVENT);
        isolate->adopt(event);
        isolate->disown(event);
      }
    }));
  }
  join_all(threads);
  EXPECT_EQ(cells_live(), 1);
}

// A proxy holds the queue of who asks its owner, and those of an end of a pipe; it shuts nothing down.
TEST_F(CellsTest, AProxyLetsGoOfWhatItHolds) {
  const Handle requests = create_queue();
  for (const int32_t kind : {Kind::MUTEX, Kind::QUEUE, Kind::PIPE_END}) {
    const Handle parts[] = {core().create(Kind::QUEUE | layout::PROXY),
                            core().create(Kind::QUEUE | layout::PROXY)};
    const Handle proxy = core().create(kind | layout::PROXY);
    core().retain(requests);
    core().words()[proxy + layout::ProxyWord::REQUESTS] = requests;
    if (kind == Kind::PIPE_END) {
      for (const Handle part : parts) core().retain(part);
      core().words()[proxy + layout::PipeEnd::INCOMING] = parts[0];
      core().words()[proxy + layout::PipeEnd::OUTGOING] = parts[1];
    }
    EXPECT_EQ(word(requests, Cell::REFS), 2);
    core().disown(proxy);
    EXPECT_EQ(word(proxy, Cell::KIND), Kind::FREE);
    EXPECT_EQ(word(requests, Cell::REFS), 1);
    EXPECT_EQ(word(requests, Cell::STATE), 0);
    for (const Handle part : parts) {
      EXPECT_EQ(word(part, Cell::REFS), 1);
      core().disown(part);
    }
  }
  EXPECT_EQ(cells_live(), 1);
}

}  // namespace

}  // namespace heddle::test

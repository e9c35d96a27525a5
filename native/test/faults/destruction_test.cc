// Processes that are killed at every step of making an object, and of dropping the last reference to one that
// refers to others or has memory; and whoever sweeps them is killed at steps of that. What it referred to is
// dropped once, and what nobody has any more is gone with it.
#include "killed.h"

namespace heddle::test {

namespace {

namespace PipeEnd = layout::PipeEnd;
namespace ProxyWord = layout::ProxyWord;
namespace Queue = layout::Queue;

class DestructionTest : public DeathsTest {
 protected:
  static constexpr size_t kArrayBytes = 100'000;
  static constexpr int kItems = 3;
  // More than a chunk takes.
  static constexpr size_t kItemBytes = 5000;

  // A block that was in hand: of an array, of an item, or the chunk with others; or of all the items that a
  // queue drops at once.
  static constexpr int64_t kLeft = 2 * 64 * 1024 + kItems * 8192;

  void SetUp() override {
    DeathsTest::SetUp();
    most_left_bytes_ = kLeft;
  }

  // A reference that belongs to a word of an object.
  void refer(Handle object, int32_t offset, Handle to) {
    core().retain(to);
    core().words()[object + offset] = to;
  }
  // The same of an object that nobody else has.
  void own(Handle object, int32_t offset, Handle to) {
    refer(object, offset, to);
    core().disown(to);
  }
  Handle queue_with_items() {
    const Handle queue = create_queue();
    const std::vector<uint8_t> bytes(kItemBytes);
    PutItem item;
    item.lane = Isolate::kNumberLane;
    item.bytes = bytes;
    for (int i = 0; i < kItems; i++) EXPECT_EQ(main().put(queue, item), Outcome::OK);
    return queue;
  }
  Handle proxy_of(int32_t kind, Handle requests) {
    const Handle proxy = create(kind | layout::PROXY);
    refer(proxy, ProxyWord::REQUESTS, requests);
    return proxy;
  }

  // Of an array, which was in hand, the whole block may be left, and no part of it.
  void expect_whole_blocks(int64_t before, size_t bytes) {
    const int64_t more = arena().heap().live_bytes() - before;
    EXPECT_TRUE(more == 0 || more == static_cast<int64_t>(Heap::capacity(bytes))) << more;
  }

  // Deaths of who has the only reference to what `make()` returns, and drops it; `check()` looks at what it
  // had.
  template <class Make, class Check>
  void drop_everywhere(Make make, Check check) {
    at_each_step([&](int64_t step, int64_t sweeper_step) {
      const Handle object = make();
      core().retain(object);
      core().disown(object);
      const bool killed = play(0, sweeper_step, {}, [&](Isolate& isolate) {
        isolate->adopt(object);
        die_at(step);
        isolate->disown(object);
      });
      EXPECT_EQ(word(object, Cell::KIND), Kind::FREE);
      check();
      return killed;
    });
  }
};

// The memory is given back once, and in its own size.
TEST_F(DestructionTest, Array) {
  const Handle lock = create(Kind::MUTEX);
  drop_everywhere(
      [&] {
        const Handle array = create(Kind::ARRAY);
        EXPECT_EQ(core().array_allocate(array, kArrayBytes), Outcome::OK);
        refer(array, layout::SharedArray::LOCK, lock);
        return array;
      },
      [&] { EXPECT_EQ(word(lock, Cell::REFS), 1); });
}

TEST_F(DestructionTest, ArrayThatHasTheOnlyReferenceToItsLock) {
  drop_everywhere(
      [&] {
        const Handle array = create(Kind::ARRAY);
        // Of a block in a slab.
        EXPECT_EQ(core().array_allocate(array, 100), Outcome::OK);
        own(array, layout::SharedArray::LOCK, create(Kind::MUTEX));
        return array;
      },
      [] {});
}

// What a process was making is gone with it.
TEST_F(DestructionTest, ArrayThatWasBeingMade) {
  for (const size_t bytes : {size_t{100}, kArrayBytes}) {
    SCOPED_TRACE(std::to_string(bytes) + " bytes");
    at_each_step([&](int64_t step, int64_t sweeper_step) {
      const int64_t before = arena().heap().live_bytes();
      const bool killed = play(0, sweeper_step, {}, [&](Isolate& isolate) {
        die_at(step);
        const Handle array = isolate->create(Kind::ARRAY);
        EXPECT_EQ(isolate->array_allocate(array, bytes), Outcome::OK);
        EXPECT_EQ(isolate->array_bytes(array).size(), bytes);
      });
      expect_whole_blocks(before, bytes);
      return killed;
    });
    if (HasFailure()) return;
  }
}

TEST_F(DestructionTest, QueueThatWasBeingMade) {
  at_each_step([&](int64_t step, int64_t sweeper_step) {
    return play(0, sweeper_step, {}, [&](Isolate& isolate) {
      die_at(step);
      const Handle queue = isolate->create(Kind::QUEUE);
      EXPECT_EQ(isolate->queue_init(queue, layout::Discipline::FIFO, 0), Outcome::OK);
      EXPECT_EQ(isolate.put_number(queue, 1), Outcome::OK);
      isolate->disown(queue);
    });
  });
}

// Both its queues are shut down for who is at the other end; the items that nobody will take are dropped.
TEST_F(DestructionTest, EndOfAPipe) {
  Handle incoming = 0;
  Handle outgoing = 0;
  drop_everywhere(
      [&] {
        incoming = queue_with_items();
        outgoing = queue_with_items();
        const Handle end = create(Kind::PIPE_END);
        refer(end, PipeEnd::INCOMING, incoming);
        refer(end, PipeEnd::OUTGOING, outgoing);
        wait_for(core().queue_join(incoming, WaiterMode::LOOP, kForEver));
        return end;
      },
      [&] {
        EXPECT_EQ(state(incoming), Queue::SHUT_DOWN | Queue::DROPS_ITEMS);
        EXPECT_EQ(state(outgoing), Queue::SHUT_DOWN);
        EXPECT_EQ(word(incoming, Queue::COUNT), 0);
        EXPECT_EQ(word(outgoing, Queue::COUNT), kItems);
        EXPECT_EQ(heard().size(), 1U) << "the joiner has not been told";
        for (const Handle queue : {incoming, outgoing}) {
          EXPECT_EQ(word(queue, Cell::REFS), 1);
          core().disown(queue);
        }
      });
}

TEST_F(DestructionTest, EndOfAPipeThatNobodyIsAtTheOtherEndOf) {
  drop_everywhere(
      [&] {
        const Handle end = create(Kind::PIPE_END);
        own(end, PipeEnd::INCOMING, queue_with_items());
        own(end, PipeEnd::OUTGOING, queue_with_items());
        return end;
      },
      [] {});
}

TEST_F(DestructionTest, Proxy) {
  const Handle requests = create_queue();
  drop_everywhere([&] { return proxy_of(Kind::MUTEX, requests); },
                  [&] {
                    EXPECT_EQ(word(requests, Cell::REFS), 1);
                    EXPECT_EQ(state(requests), 0) << "it is its owner who sees to the object";
                  });
}

// An end of a pipe has proxies of its queues, and all of them the queue of who asks their owner.
TEST_F(DestructionTest, ProxyOfAnEndOfAPipe) {
  const Handle requests = create_queue();
  drop_everywhere(
      [&] {
        const Handle proxy = proxy_of(Kind::PIPE_END, requests);
        own(proxy, PipeEnd::INCOMING, proxy_of(Kind::QUEUE, requests));
        own(proxy, PipeEnd::OUTGOING, proxy_of(Kind::QUEUE, requests));
        return proxy;
      },
      [&] {
        EXPECT_EQ(word(requests, Cell::REFS), 1);
        EXPECT_EQ(state(requests), 0);
      });
}

}  // namespace

}  // namespace heddle::test

// Processes that are killed at every step of what they do to a queue; and whoever sweeps them is killed at
// every step of that. No item is lost that a put had returned for, none comes twice, they come in their
// order, and nobody who lives waits in vain.
#include <algorithm>
#include <cstring>

#include "core/guarded_queue.h"
#include "killed.h"

namespace heddle::test {

namespace {

namespace Queue = layout::Queue;
namespace Discipline = layout::Discipline;

struct Setting {
  int32_t discipline;
  int32_t max_size;
  bool busy;
  // Of an item; its first 4 are its number.
  size_t bytes;
  // So many items were put before, and so many of them taken.
  int32_t before = 0;
  int32_t taken = 0;
};

class QueueDeathsTest : public DeathsTest {
 protected:
  static constexpr int32_t kLane = 8;
  // A segment or an array that was to be linked, or freed; a chunk with a payload that was in hand, or two.
  static constexpr int64_t kLeft = 2 * 64 * 1024;

  // What a process may be about to do in the diary: put the item with a number, or one of these.
  static constexpr int32_t kTake = -1;
  static constexpr int32_t kDone = -2;

  struct Actor {
    Isolate& isolate;
    Handle queue;
    const Setting& setting;

    OutcomeCode put(int32_t number, Turn turn) {
      std::vector<uint8_t> bytes(setting.bytes);
      std::memcpy(bytes.data(), &number, sizeof number);
      const std::vector<uint8_t> key = {0x20, static_cast<uint8_t>(key_of(number)), 0, 0};
      PutItem item;
      item.lane = kLane;
      item.bytes = bytes;
      if (setting.discipline == Discipline::PRIORITY) item.key = key;
      return isolate->queue_put(queue, turn, item);
    }
    // Its number, or 0.
    int32_t take(Turn turn) {
      TakenItem item;
      int32_t number = 0;
      if (isolate->queue_take(queue, turn, isolate.scratch(), item) == Outcome::OK) {
        EXPECT_EQ(item.bytes.size(), setting.bytes);
        std::memcpy(&number, item.bytes.data(), sizeof number);
        EXPECT_GT(number, 0);
      }
      return number;
    }
  };
  void SetUp() override {
    DeathsTest::SetUp();
    most_left_bytes_ = kLeft;
    // What the parent keeps from its first use on: a node, and a chunk for payloads.
    const Setting setting{Discipline::FIFO, 0, false, 100};
    Actor parent{main(), create_queue(), setting};
    EXPECT_EQ(parent.put(1, Turn::kNow), Outcome::OK);
    EXPECT_EQ(core().queue_await_item(parent.queue, WaiterMode::THREAD, 0), Outcome::GRANTED);
    EXPECT_EQ(parent.take(Turn::kPromised), 1);
    core().disown(parent.queue);
  }

  static int32_t key_of(int32_t number) { return 1 + number * 7 % 13; }

  // What a process does until it is killed.
  void act(Actor actor, unsigned seed, int32_t next) {
    Isolate& isolate = actor.isolate;
    const Handle queue = actor.queue;
    Random random(seed);
    std::map<int32_t, int32_t> tickets;
    const auto put = [&](Turn turn) {
      diary_->about_to = next;
      if (actor.put(next, turn) == Outcome::OK) diary_->write(next);
      diary_->about_to = 0;
      next++;
    };
    const auto take = [&](Turn turn) {
      diary_->about_to = kTake;
      if (const int32_t number = actor.take(turn)) diary_->write(-number);
      diary_->about_to = 0;
    };
    const auto use = [&](int32_t list) {
      if (random() % 4 == 0) {
        isolate->queue_unreserve(queue, list == Queue::PUTTERS ? 0 : 1);
      } else if (list == Queue::PUTTERS) {
        put(Turn::kPromised);
      } else {
        take(Turn::kPromised);
      }
    };
    const auto begin = [&](int32_t list, int32_t mode, double timeout) {
      return list == Queue::PUTTERS ? isolate->queue_await_place(queue, mode, timeout)
                                    : isolate->queue_await_item(queue, mode, timeout);
    };
    for (int i = 0; i < kOperations; i++) {
      const int32_t list = random() % 2 == 0 ? Queue::PUTTERS : Queue::GETTERS;
      switch (random() % 9) {
        case 0:
        case 1:
        case 2:
          put(Turn::kNow);
          break;
        case 3:
        case 4:
          take(Turn::kNow);
          break;
        case 5: {
          const int32_t begun = begin(list, WaiterMode::LOOP, kForEver);
          if (is_ticket(begun)) tickets[begun] = list;
          if (begun == Outcome::GRANTED) use(list);
          break;
        }
        case 6:
          if (isolate.finish(begin(list, WaiterMode::THREAD, 0.01), 0.01) == Outcome::GRANTED) use(list);
          break;
        case 7: {
          if (tickets.empty()) break;
          const auto [ticket, its_list] = *tickets.begin();
          tickets.erase(ticket);
          if (isolate->cancel(ticket) == Outcome::GRANTED) use(its_list);
          break;
        }
        default:
          diary_->about_to = kDone;
          if (isolate->queue_task_done(queue) == Outcome::OK) diary_->count += 1;
          diary_->about_to = 0;
      }
      for (const Ready& ready : isolate.drain()) {
        const int32_t its_list = tickets.at(ready.ticket);
        tickets.erase(ready.ticket);
        if (ready.outcome == Outcome::GRANTED) use(its_list);
      }
    }
  }

  // Until the queue has a ring.
  void warm_up(Actor& actor) {
    for (int32_t number = 1; number <= layout::PUTS_BEFORE_RING; number++) {
      EXPECT_EQ(actor.put(number, Turn::kNow), Outcome::OK);
      EXPECT_EQ(actor.take(Turn::kNow), number);
      EXPECT_EQ(core().queue_task_done(actor.queue), Outcome::OK);
    }
    EXPECT_NE(word(actor.queue, Queue::RING), 0);
  }

  int32_t size_of(Handle queue) {
    const Self self(arena(), core().self());
    return QueueView(self, queue).size();
  }

  void die_everywhere(const Setting& setting) {
    everywhere([&](unsigned seed, int64_t step, int64_t sweeper_step) {
      const Handle queue = create_queue(setting.discipline, setting.max_size);
      Actor parent{main(), queue, setting};
      int32_t next = 1;
      int32_t unfinished = 0;
      if (setting.busy) {
        warm_up(parent);
        next += layout::PUTS_BEFORE_RING;
      }
      Random setup(seed);
      std::set<int32_t> expected;
      for (int32_t i = 0; i < setting.before; i++) {
        EXPECT_EQ(parent.put(next, Turn::kNow), Outcome::OK);
        if (i >= setting.taken) expected.insert(next);
        next++;
      }
      for (int32_t i = 0; i < setting.taken; i++) {
        EXPECT_EQ(parent.take(Turn::kNow), next - setting.before + i);
        EXPECT_EQ(core().queue_task_done(queue), Outcome::OK);
      }
      unfinished += static_cast<int32_t>(expected.size());
      for (unsigned i = setup() % 4; i > 0; i--) {
        if (parent.put(next, Turn::kNow) != Outcome::OK) break;
        expected.insert(next++);
        unfinished++;
      }
      const bool gets = expected.empty();
      for (unsigned i = setup() % 3; i > 0; i--) {
        const int32_t begun = gets ? core().queue_await_item(queue, WaiterMode::LOOP, kForEver)
                                   : core().queue_await_place(queue, WaiterMode::LOOP, kForEver);
        if (begun == Outcome::GRANTED) core().queue_unreserve(queue, gets ? 1 : 0);
        wait_for(begun);
      }
      if (unfinished > 0) wait_for(core().queue_join(queue, WaiterMode::LOOP, kForEver));
      const std::set<int32_t> joiners = {word(queue, Queue::JOINERS)};

      const bool killed = play(step, sweeper_step, {queue}, [&](Isolate& isolate) {
        act({isolate, queue, setting}, seed, next);
      });

      check_lists(queue, {Queue::GETTERS, Queue::PUTTERS, Queue::JOINERS});
      for (int32_t i = 0; i < diary_->length; i++) {
        const int32_t entry = diary_->entries[i];
        if (entry > 0) {
          EXPECT_TRUE(expected.insert(entry).second);
          unfinished++;
        } else {
          EXPECT_EQ(expected.erase(-entry), 1U) << "it took what was not there, or taken";
        }
      }
      unfinished -= diary_->count;
      // What the parent was promised, and then all the rest.
      std::vector<int32_t> found;
      bool joined = false;
      const std::vector<Ready> told = heard();
      const auto promises = std::ranges::count_if(told, [&](const Ready& ready) {
        return !joiners.contains(ready.ticket) && ready.outcome == Outcome::GRANTED;
      });
      EXPECT_EQ(word(queue, Queue::RESERVED_ITEMS), gets ? promises : 0);
      EXPECT_EQ(word(queue, Queue::RESERVED_PLACES), gets ? 0 : promises);
      for (const Ready& ready : told) {
        EXPECT_EQ(ready.outcome, Outcome::GRANTED);
        if (joiners.contains(ready.ticket)) {
          joined = true;
        } else if (gets) {
          found.push_back(parent.take(Turn::kPromised));
        } else {
          core().queue_unreserve(queue, 0);
        }
      }
      EXPECT_EQ(word(queue, Queue::RESERVED_ITEMS), 0);
      EXPECT_EQ(word(queue, Queue::RESERVED_PLACES), 0);
      while (const int32_t number = parent.take(Turn::kNow)) found.push_back(number);
      EXPECT_EQ(size_of(queue), 0);

      const std::set<int32_t> all(found.begin(), found.end());
      EXPECT_EQ(all.size(), found.size()) << "an item came twice";
      const int32_t about_to = diary_->about_to;
      std::vector<int32_t> lost;
      std::vector<int32_t> extra;
      std::ranges::set_difference(expected, all, std::back_inserter(lost));
      std::ranges::set_difference(all, expected, std::back_inserter(extra));
      EXPECT_LE(lost.size(), about_to == kTake ? 1U : 0U);
      for (const int32_t number : extra) EXPECT_EQ(number, about_to);
      const auto comes_first = [&](int32_t a, int32_t b) {
        if (setting.discipline == Discipline::LIFO) return a > b;
        return setting.discipline == Discipline::FIFO ? a < b : key_of(a) < key_of(b);
      };
      EXPECT_TRUE(std::ranges::is_sorted(found, comes_first));

      // The item that was being put counts if it is there.
      int32_t left = 0;
      while (core().queue_task_done(queue) == Outcome::OK) left++;
      unfinished += static_cast<int32_t>(extra.size());
      EXPECT_GE(left, unfinished - (about_to == kDone ? 1 : 0));
      EXPECT_LE(left, unfinished);
      for (const Ready& ready : heard()) joined = joined || joiners.contains(ready.ticket);
      EXPECT_TRUE(joined || joiners.contains(0));

      // It is as good as new.
      while (!waiting_.empty()) {
        EXPECT_TRUE(gets);
        EXPECT_EQ(parent.put(1000, Turn::kNow), Outcome::OK);
        EXPECT_EQ(heard().size(), 1U);
        EXPECT_EQ(parent.take(Turn::kPromised), 1000);
        if (HasFailure()) break;
      }
      for (int32_t i = 0; setting.max_size != 0 && i < setting.max_size; i++) {
        EXPECT_EQ(parent.put(2000 + i, Turn::kNow), Outcome::OK);
      }
      if (setting.max_size != 0) {
        EXPECT_EQ(parent.put(3000, Turn::kNow), Outcome::FULL);
      }
      core().disown(queue);
      return killed;
    });
  }
};

// What is left of a queue that somebody was shutting down: it is open, or it is shut down wholly.
TEST_F(QueueDeathsTest, ShutDown) {
  for (const bool busy : {false, true}) {
    for (const bool immediate : {false, true}) {
      for (const bool gets : {false, true}) {
        SCOPED_TRACE(std::string(busy ? "busy" : "new") + (immediate ? ", at once" : "") +
                     (gets ? ", empty" : ", full"));
        const Setting setting{Discipline::FIFO, 3, busy, 4};
        at_every_step(1, [&](int64_t step) {
          const Handle queue = create_queue(setting.discipline, setting.max_size);
          Actor parent{main(), queue, setting};
          if (busy) warm_up(parent);
          for (int32_t i = 0; i < setting.max_size && !gets; i++)
            EXPECT_EQ(parent.put(i + 1, Turn::kNow), Outcome::OK);
          for (int i = 0; i < 2; i++) {
            wait_for(gets ? core().queue_await_item(queue, WaiterMode::LOOP, kForEver)
                          : core().queue_await_place(queue, WaiterMode::LOOP, kForEver));
          }
          const int32_t joined = core().queue_join(queue, WaiterMode::LOOP, kForEver);
          EXPECT_EQ(is_ticket(joined), !gets);
          wait_for(joined);
          const bool killed =
              play(step, 0, {queue}, [&](Isolate& isolate) { isolate->queue_shutdown(queue, immediate); });
          check_lists(queue, {Queue::GETTERS, Queue::PUTTERS, Queue::JOINERS});
          if (state(queue) == 0) {
            EXPECT_TRUE(killed);
            core().queue_shutdown(queue, immediate);
          }
          int32_t refused = 0;
          for (const Ready& ready : heard()) refused += ready.outcome == Outcome::SHUT_DOWN ? 1 : 0;
          EXPECT_EQ(refused, 2);
          EXPECT_EQ(word(queue, Queue::RESERVED_ITEMS), 0);
          for (int32_t i = 0; i < setting.max_size && !gets && !immediate; i++) {
            EXPECT_EQ(parent.take(Turn::kNow), i + 1);
            EXPECT_EQ(core().queue_task_done(queue), Outcome::OK);
          }
          (void)heard();
          EXPECT_TRUE(waiting_.empty()) << "the joiner has not been told";
          EXPECT_EQ(parent.take(Turn::kNow), 0);
          EXPECT_EQ(parent.put(9, Turn::kNow), Outcome::SHUT_DOWN);
          core().disown(queue);
          return killed;
        });
        if (HasFailure()) return;
      }
    }
  }
}

// Those who wait for a place are all told of the new ones, or the queue is as it was.
TEST_F(QueueDeathsTest, Resize) {
  for (const bool busy : {false, true}) {
    SCOPED_TRACE(busy ? "busy" : "new");
    constexpr int kPutters = 2;
    const Setting setting{Discipline::FIFO, 3, busy, 4};
    at_each_step([&](int64_t step, int64_t sweeper_step) {
      const Handle queue = create_queue(setting.discipline, setting.max_size);
      Actor parent{main(), queue, setting};
      if (busy) warm_up(parent);
      int32_t next = 1;
      for (; next <= setting.max_size; next++) EXPECT_EQ(parent.put(next, Turn::kNow), Outcome::OK);
      for (int i = 0; i < kPutters; i++) {
        wait_for(core().queue_await_place(queue, WaiterMode::LOOP, kForEver));
      }
      const int32_t larger = setting.max_size + kPutters + 1;
      const bool killed = play(0, sweeper_step, {queue}, [&](Isolate& isolate) {
        die_at(step);
        isolate->queue_resize(queue, larger);
      });
      check_lists(queue, {Queue::GETTERS, Queue::PUTTERS, Queue::JOINERS});
      if (word(queue, Queue::MAX_SIZE) == setting.max_size) {
        EXPECT_TRUE(killed || sweeper_step != 0);
        EXPECT_EQ(heard().size(), 0U);
        core().queue_resize(queue, larger);
      }
      EXPECT_EQ(word(queue, Queue::MAX_SIZE), larger);
      const std::vector<Ready> told = heard();
      EXPECT_EQ(told.size(), static_cast<size_t>(kPutters));
      for (const Ready& ready : told) {
        EXPECT_EQ(ready.outcome, Outcome::GRANTED);
        EXPECT_EQ(parent.put(next++, Turn::kPromised), Outcome::OK);
      }
      EXPECT_EQ(parent.put(next, Turn::kNow), Outcome::OK);
      EXPECT_EQ(parent.put(next + 1, Turn::kNow), Outcome::FULL);
      EXPECT_EQ(word(queue, Queue::RESERVED_PLACES), 0);
      for (int32_t number = 1; number <= next; number++) EXPECT_EQ(parent.take(Turn::kNow), number);
      core().disown(queue);
      return killed;
    });
    if (HasFailure()) return;
  }
}

TEST_F(QueueDeathsTest, Fifo) {
  die_everywhere({Discipline::FIFO, 0, false, 4});
}
TEST_F(QueueDeathsTest, FifoThatIsBounded) {
  die_everywhere({Discipline::FIFO, 3, false, 100});
}
// Each in a block of the heap, which whoever takes the item takes over.
TEST_F(QueueDeathsTest, FifoOfLargeItems) {
  die_everywhere({Discipline::FIFO, 3, false, EngineCore::kScratchBytes + 1});
}
TEST_F(QueueDeathsTest, Ring) {
  die_everywhere({Discipline::FIFO, 0, true, 4});
}
TEST_F(QueueDeathsTest, RingThatIsBounded) {
  die_everywhere({Discipline::FIFO, 3, true, 4});
}
TEST_F(QueueDeathsTest, RingThatIsFullSoon) {
  die_everywhere({Discipline::FIFO, 0, true, 4, layout::RING_ENTRIES - 2, 0});
}
TEST_F(QueueDeathsTest, RingThatIsUsedUpSoon) {
  die_everywhere({Discipline::FIFO, 0, true, 4, layout::RING_ENTRIES + 2, layout::RING_ENTRIES - 2});
}
TEST_F(QueueDeathsTest, Lifo) {
  die_everywhere({Discipline::LIFO, 0, false, 4});
}
TEST_F(QueueDeathsTest, Priority) {
  die_everywhere({Discipline::PRIORITY, 4, false, 4});
}

}  // namespace

}  // namespace heddle::test

// Processes that are killed at every step of what they do to a queue whose items hold references to objects;
// and whoever sweeps them is killed at steps of that. A reference is somebody's or in the queue: none is
// dropped twice, and none is lost but those of an item that was in hand.
#include <algorithm>
#include <array>
#include <cstring>

#include "killed.h"

namespace heddle::test {

namespace {

namespace Queue = layout::Queue;
namespace Discipline = layout::Discipline;

struct Setting {
  int32_t discipline;
  int32_t max_size;
  bool busy;
  // Of an item, beside what it holds; its first 4 are its number.
  size_t bytes;
};

class HandlesTest : public DeathsTest {
 protected:
  static constexpr int32_t kObjects = 3;
  static constexpr int32_t kLane = 8;
  // A segment or an array that was to be linked, or freed; a chunk with a payload that was in hand, or two.
  static constexpr int64_t kLeft = 2 * 64 * 1024;
  static constexpr size_t kLarge = EngineCore::kScratchBytes + 1;

  // What a process may be about to do in the diary: put the item with a number, or take one.
  static constexpr int32_t kTake = -1;

  // References to each of the objects.
  using References = std::array<int32_t, kObjects>;
  // The last one cannot leave the process, so that no broker takes an item which holds it.
  std::array<Handle, kObjects> objects_{};

  struct Actor {
    Isolate& isolate;
    Handle queue;
    const Setting& setting;
  };

  void SetUp() override {
    DeathsTest::SetUp();
    most_left_bytes_ = kLeft;
    objects_ = {create(Kind::EVENT), create(Kind::MUTEX), create(Kind::VALUE)};
    // What the parent keeps from its first use on: a node, and a chunk for payloads.
    const Setting setting{Discipline::FIFO, 0, false, 100};
    const Actor parent{main(), create_queue(), setting};
    EXPECT_EQ(put(parent, 1, Turn::kNow), Outcome::OK);
    EXPECT_EQ(core().queue_await_item(parent.queue, WaiterMode::THREAD, 0), Outcome::GRANTED);
    EXPECT_EQ(take(parent, true, false), 1);
    core().disown(parent.queue);
  }

  // One to three of them, one of which it may hold twice.
  std::vector<Handle> held_by(int32_t number) const {
    std::vector<Handle> held;
    for (int32_t i = 0; i <= number % 3; i++) held.push_back(objects_[(number / 3 + i * i) % kObjects]);
    return held;
  }
  References count_of(int32_t number) const {
    References counts{};
    const std::vector<Handle> held = held_by(number);
    for (int32_t i = 0; i < kObjects; i++) {
      counts[i] = static_cast<int32_t>(std::ranges::count(held, objects_[i]));
    }
    return counts;
  }
  // Beside the parent's own.
  References more_references() const {
    References more{};
    for (int32_t i = 0; i < kObjects; i++) more[i] = word(objects_[i], Cell::REFS) - 1;
    return more;
  }
  void give_up(const References& references) {
    for (int32_t i = 0; i < kObjects; i++) {
      for (int32_t n = references[i]; n > 0; n--) core().release(objects_[i]);
    }
  }

  // The caller has them while it makes the item, and if it is not put.
  OutcomeCode put(const Actor& actor, int32_t number, Turn turn) {
    std::vector<uint8_t> bytes(actor.setting.bytes);
    std::memcpy(bytes.data(), &number, sizeof number);
    const std::vector<Handle> held = held_by(number);
    const std::vector<uint8_t> key = {0x20, static_cast<uint8_t>(1 + number * 7 % 13), 0, 0};
    PutItem item;
    item.lane = kLane;
    item.bytes = bytes;
    item.handles = held;
    if (actor.setting.discipline == Discipline::PRIORITY) item.key = key;
    in_peace([&] {
      for (const Handle object : held) actor.isolate->retain(object);
    });
    const OutcomeCode outcome = actor.isolate->queue_put(actor.queue, turn, item);
    if (outcome != Outcome::OK) release(actor, number);
    return outcome;
  }
  void release(const Actor& actor, int32_t number) {
    in_peace([&] {
      for (const Handle object : held_by(number)) actor.isolate->release(object);
    });
  }
  // Its number, or 0. `for_another`: as a broker does.
  int32_t take(const Actor& actor, bool reserved, bool for_another) {
    Isolate& isolate = actor.isolate;
    TakenItem item;
    int32_t number = 0;
    Handle obstacle = 0;
    const OutcomeCode outcome =
        for_another ? isolate->queue_take_for(actor.queue, reserved, 0, isolate.scratch(), item, obstacle)
                    : isolate->queue_take(actor.queue, reserved ? Turn::kPromised : Turn::kNow,
                                          isolate.scratch(), item);
    EXPECT_EQ(outcome == Outcome::MISUSE, obstacle != 0);
    if (outcome != Outcome::OK) return 0;
    EXPECT_EQ(item.bytes.size(), actor.setting.bytes);
    std::memcpy(&number, item.bytes.data(), sizeof number);
    EXPECT_GT(number, 0);
    EXPECT_FALSE(for_another && count_of(number)[kObjects - 1] != 0) << "it cannot leave";
    // Whoever takes it has them, and here drops them.
    release(actor, number);
    return number;
  }

  // Until the queue has a ring.
  void warm_up(const Actor& actor) {
    for (int32_t i = 0; i < layout::PUTS_BEFORE_RING; i++) {
      EXPECT_EQ(put(actor, 1, Turn::kNow), Outcome::OK);
      EXPECT_EQ(take(actor, false, false), 1);
      EXPECT_EQ(core().queue_task_done(actor.queue), Outcome::OK);
    }
    EXPECT_NE(word(actor.queue, Queue::RING), 0);
  }

  // What a process does until it is killed.
  void act(const Actor& actor, unsigned seed, int32_t next) {
    Isolate& isolate = actor.isolate;
    const Handle queue = actor.queue;
    Random random(seed);
    const auto put_next = [&](Turn turn) {
      diary_->about_to = next;
      if (put(actor, next, turn) == Outcome::OK) diary_->write(next);
      diary_->about_to = 0;
      next++;
    };
    const auto take_next = [&](bool reserved) {
      diary_->about_to = kTake;
      if (const int32_t number = take(actor, reserved, random() % 2 == 0)) diary_->write(-number);
      diary_->about_to = 0;
    };
    for (int i = 0; i < kOperations; i++) {
      switch (random() % 8) {
        case 0:
        case 1:
          put_next(Turn::kNow);
          break;
        case 2:
        case 3:
          take_next(false);
          break;
        case 4:
          if (isolate->queue_await_place(queue, WaiterMode::THREAD, 0) == Outcome::GRANTED) {
            put_next(Turn::kPromised);
          }
          break;
        case 5:
        case 6:
          if (isolate->queue_await_item(queue, WaiterMode::THREAD, 0) == Outcome::GRANTED) take_next(true);
          break;
        default:
          isolate->queue_resize(queue, static_cast<int32_t>(random() % 5));
      }
    }
  }

  void die_everywhere(const Setting& setting) {
    everywhere([&](unsigned seed, int64_t step, int64_t sweeper_step) {
      const Handle queue = create_queue(setting.discipline, setting.max_size);
      const Actor parent{main(), queue, setting};
      if (setting.busy) warm_up(parent);
      std::set<int32_t> expected;
      int32_t next = 1;
      for (; next <= 2; next++) {
        EXPECT_EQ(put(parent, next, Turn::kNow), Outcome::OK);
        expected.insert(next);
      }

      const bool killed = play(step, sweeper_step, {queue}, [&](Isolate& isolate) {
        act({isolate, queue, setting}, seed, next);
      });

      EXPECT_EQ(word(queue, Cell::GUARD), 0);
      EXPECT_EQ(word(queue, Queue::RESERVED_ITEMS), 0);
      EXPECT_EQ(word(queue, Queue::RESERVED_PLACES), 0);
      for (int32_t i = 0; i < diary_->length; i++) {
        const int32_t entry = diary_->entries[i];
        EXPECT_TRUE(entry > 0 ? expected.insert(entry).second : expected.erase(-entry) == 1);
      }
      // The item that was in hand may be there or not, with all that it holds.
      std::vector<References> in_hand = {References{}};
      const int32_t about_to = diary_->about_to;
      if (about_to > 0) in_hand.push_back(count_of(about_to));
      if (about_to == kTake) {
        for (const int32_t number : expected) in_hand.push_back(count_of(number));
      }
      // The others are taken, or dropped, or go with the queue.
      switch ((seed + step + sweeper_step) % 3) {
        case 0: {
          std::set<int32_t> found;
          while (const int32_t number = take(parent, false, false)) EXPECT_TRUE(found.insert(number).second);
          for (const int32_t number : found) {
            EXPECT_TRUE(expected.erase(number) == 1 || number == about_to) << number;
          }
          EXPECT_LE(expected.size(), about_to == kTake ? 1U : 0U) << "lost";
          break;
        }
        case 1:
          core().queue_shutdown(queue, true);
          EXPECT_EQ(take(parent, false, false), 0);
          break;
        default:
          break;
      }
      core().disown(queue);
      const References more = more_references();
      EXPECT_TRUE(std::ranges::find(in_hand, more) != in_hand.end()) << testing::PrintToString(more);
      give_up(more);
      return killed;
    });
  }

  // Deaths of who drops all items of a queue by `drop(isolate, queue)`. `check(queue)`: what has become of
  // it.
  template <class Drop, class Check>
  void drop_everywhere(const Setting& setting, bool passes, Drop drop, Check check) {
    constexpr int32_t kItems = 4;
    most_left_bytes_ = kLeft + kItems * static_cast<int64_t>(Heap::capacity(setting.bytes + 100));
    at_each_step([&](int64_t step, int64_t sweeper_step) {
      const Handle queue = create_queue(setting.discipline, setting.max_size);
      const Actor parent{main(), queue, setting};
      if (setting.busy) warm_up(parent);
      for (int32_t number = 1; number <= kItems; number++) {
        EXPECT_EQ(put(parent, number, Turn::kNow), Outcome::OK);
      }
      const References before = more_references();
      if (passes) {
        core().retain(queue);
        core().disown(queue);
      }
      const bool killed = play(0, sweeper_step, {}, [&](Isolate& isolate) {
        if (!passes) isolate->retain(queue);
        isolate->adopt(queue);
        die_at(step);
        drop(isolate, queue);
      });
      check(parent, killed);
      // Those of the items that were in hand are nobody's.
      const References more = more_references();
      for (int32_t i = 0; i < kObjects; i++) {
        EXPECT_GE(more[i], 0) << "dropped twice";
        EXPECT_LE(more[i], killed || sweeper_step != 0 ? before[i] : 0) << "lost";
      }
      give_up(more);
      return killed;
    });
  }
  void shut_down_everywhere(const Setting& setting) {
    drop_everywhere(
        setting, false, [](Isolate& isolate, Handle queue) { isolate->queue_shutdown(queue, true); },
        [&](const Actor& parent, bool killed) {
          if (state(parent.queue) == 0) {
            EXPECT_TRUE(killed);
            core().queue_shutdown(parent.queue, true);
          }
          EXPECT_EQ(take(parent, false, false), 0);
          EXPECT_EQ(core().queue_join(parent.queue, WaiterMode::LOOP, 0), Outcome::GRANTED);
          core().disown(parent.queue);
        });
  }
  void destroy_everywhere(const Setting& setting) {
    drop_everywhere(
        setting, true, [](Isolate& isolate, Handle queue) { isolate->disown(queue); },
        [&](const Actor& parent, bool) { EXPECT_EQ(word(parent.queue, Cell::KIND), Kind::FREE); });
  }
};

TEST_F(HandlesTest, Fifo) {
  die_everywhere({Discipline::FIFO, 0, false, 4});
}
TEST_F(HandlesTest, Ring) {
  die_everywhere({Discipline::FIFO, 4, true, 4});
}
TEST_F(HandlesTest, RingOfLargeItems) {
  die_everywhere({Discipline::FIFO, 0, true, kLarge});
}
TEST_F(HandlesTest, Priority) {
  die_everywhere({Discipline::PRIORITY, 4, false, 100});
}

// Who was putting an item has been killed, and the queue drops all that is in it before anybody knows of
// that.
TEST_F(HandlesTest, ShutDownBeforeWhoWasPuttingIsBuried) {
  for (const size_t bytes : {size_t{4}, kLarge}) {
    SCOPED_TRACE(std::to_string(bytes) + " bytes");
    const Setting setting{Discipline::FIFO, 0, true, bytes};
    at_every_step(1, [&](int64_t step) {
      const Handle queue = create_queue(setting.discipline, setting.max_size);
      const Actor parent{main(), queue, setting};
      warm_up(parent);
      EXPECT_EQ(put(parent, 1, Turn::kNow), Outcome::OK);
      const bool killed = is_killed_at(0, [&] {
        Isolate isolate(arena());
        isolate->retain(queue);
        isolate->adopt(queue);
        die_at(step);
        for (const int32_t number : {2, 3}) {
          EXPECT_EQ(put({isolate, queue, setting}, number, Turn::kNow), Outcome::OK);
        }
        die_at(0);
      });
      core().queue_shutdown(queue, true);
      EXPECT_EQ(take(parent, false, false), 0);
      bury(child_);
      EXPECT_EQ(take(parent, false, false), 0);
      EXPECT_EQ(core().queue_join(queue, WaiterMode::LOOP, 0), Outcome::GRANTED);
      core().disown(queue);
      const References more = more_references();
      EXPECT_TRUE(more == References{} || (killed && (more == count_of(2) || more == count_of(3))))
          << testing::PrintToString(more);
      give_up(more);
      return killed;
    });
    if (HasFailure()) return;
  }
}

// They go with the queue, and what they were the last to refer to goes with them.
TEST_F(HandlesTest, DestructionWithObjectsThatOnlyTheItemsHave) {
  constexpr int kItems = 3;
  at_each_step([&](int64_t step, int64_t sweeper_step) {
    const Handle queue = create_queue();
    std::vector<Handle> held;
    for (int i = 0; i < kItems; i++) {
      const Handle lock = create(Kind::MUTEX);
      held.push_back(create(Kind::CONDITION));
      core().words()[held.back() + layout::Condition::LOCK] = lock;
      PutItem item;
      item.lane = kLane;
      item.handles = {&held.back(), 1};
      for (const Handle object : {lock, held.back()}) core().retain(object);
      EXPECT_EQ(core().queue_put(queue, Turn::kNow, item), Outcome::OK);
      for (const Handle object : {lock, held.back()}) core().disown(object);
    }
    core().retain(queue);
    core().disown(queue);
    const bool killed = play(0, sweeper_step, {}, [&](Isolate& isolate) {
      isolate->adopt(queue);
      die_at(step);
      isolate->disown(queue);
    });
    EXPECT_EQ(word(queue, Cell::KIND), Kind::FREE);
    for (const Handle object : held) {
      if (word(object, Cell::KIND) == Kind::FREE) continue;
      EXPECT_TRUE(killed || sweeper_step != 0) << "lost";
      EXPECT_EQ(word(object, Cell::KIND), Kind::CONDITION);
      EXPECT_EQ(word(object, Cell::REFS), 1);
      core().release(object);
    }
    return killed;
  });
}

TEST_F(HandlesTest, ShutDown) {
  shut_down_everywhere({Discipline::FIFO, 0, false, 100});
}
TEST_F(HandlesTest, ShutDownOfARing) {
  shut_down_everywhere({Discipline::FIFO, 0, true, kLarge});
}
TEST_F(HandlesTest, Destruction) {
  destroy_everywhere({Discipline::LIFO, 0, false, 4});
}
TEST_F(HandlesTest, DestructionOfARing) {
  destroy_everywhere({Discipline::FIFO, 0, true, 100});
}
TEST_F(HandlesTest, DestructionOfAHeap) {
  destroy_everywhere({Discipline::PRIORITY, 0, false, kLarge});
}

}  // namespace

}  // namespace heddle::test

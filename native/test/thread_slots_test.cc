// Slots: taken, used again, and swept of everything an isolate left.
#include "core/thread_slots.h"

#include "core/os_thread.h"
#include "core_fixture.h"

namespace heddle::test {

namespace {

namespace Slot = layout::Slot;

class ThreadSlotsTest : public CoreTest {
 protected:
  int32_t slot(int32_t slot, int32_t offset) { return arena().word(slot_word(slot, offset)).load(); }
};

TEST_F(ThreadSlotsTest, TheFirstIsolateHasSlotZero) {
  EXPECT_EQ(core().self(), 0);
  EXPECT_EQ(slot(0, Slot::STATE), layout::SlotState::LIVE);
  EXPECT_EQ(slot(0, Slot::PID), process_id());
  EXPECT_EQ(slot(0, Slot::NATIVE_TID), native_thread_id());
}

TEST_F(ThreadSlotsTest, AreUsedAgainWithANewGeneration) {
  int32_t generation = 0;
  for (int i = 1; i <= 100; i++) {
    Isolate isolate(arena());
    ASSERT_EQ(isolate->self(), 1);
    ASSERT_GT(slot(1, Slot::GENERATION), generation);
    generation = slot(1, Slot::GENERATION);
  }
  EXPECT_EQ(arena().get(layout::Header::SLOTS_TOP), 2);
}

TEST_F(ThreadSlotsTest, RunOutWithAReason) {
  std::vector<std::unique_ptr<EngineCore>> cores;
  const char* refusal = nullptr;
  while (auto core = EngineCore::attach(arena(), &refusal)) cores.push_back(std::move(core));
  EXPECT_EQ(cores.size(), static_cast<size_t>(layout::MAX_SLOTS - 1));
  ASSERT_NE(refusal, nullptr);
  EXPECT_NE(std::string(refusal).find("slots"), std::string::npos);
}

TEST_F(ThreadSlotsTest, ASweepOfAnEarlierGenerationDoesNothing) {
  Isolate isolate(arena());
  int32_t generation = slot(isolate->self(), Slot::GENERATION);
  core().sweep(isolate->self(), generation - 1);
  EXPECT_EQ(slot(isolate->self(), Slot::STATE), layout::SlotState::LIVE);
}

// What another isolate does for one that is gone without a word.
TEST_F(ThreadSlotsTest, AnotherIsolateSweepsWhatIsLeft) {
  Handle mutex = create(Kind::MUTEX);
  Handle event = create(Kind::EVENT);
  Handle semaphore = create(Kind::SEMAPHORE);
  auto dead = std::make_unique<Isolate>(arena());
  for (Handle handle : {mutex, event, semaphore}) {
    core().retain(handle);
    (*dead)->adopt(handle);
  }
  ASSERT_EQ(dead->lock(mutex), Outcome::GRANTED);
  ASSERT_TRUE(is_ticket((*dead)->event_wait(event, WaiterMode::LOOP, kForEver)));
  ASSERT_TRUE(is_ticket((*dead)->event_wait(event, WaiterMode::THREAD, 1e9)));
  ASSERT_TRUE(is_ticket((*dead)->semaphore_acquire(semaphore, WaiterMode::LOOP, kForEver)));
  ASSERT_EQ(core().semaphore_release(semaphore, 1), Outcome::OK);
  Handle forgotten = (*dead)->create(Kind::EVENT);
  int32_t slot_of_dead = (*dead)->self();
  core().sweep(slot_of_dead, slot(slot_of_dead, Slot::GENERATION));
  EXPECT_EQ(slot(slot_of_dead, Slot::STATE), layout::SlotState::FREE);
  EXPECT_EQ(state(mutex), layout::Mutex::OWNER_DIED);
  EXPECT_EQ(state(event), 0);
  EXPECT_EQ(word(event, Cell::WAITERS), 0);
  EXPECT_EQ(state(semaphore), 1 << layout::Semaphore::VALUE_SHIFT);
  EXPECT_EQ(word(forgotten, Cell::KIND), Kind::FREE);
  EXPECT_EQ(cells_live(), 3);
  for (Handle handle : {mutex, event, semaphore}) EXPECT_EQ(word(handle, Cell::REFS), 1);
  // Its end afterwards finds nothing left to do.
  dead.reset();
  EXPECT_EQ(cells_live(), 3);
}

// Isolates come, get into the thick of it, and vanish at any point of it.
TEST_F(ThreadSlotsTest, VanishingIsolatesLeaveEverythingUsable) {
  const int rounds = 3'000 / kSanitizerSlowdown;
  Handle mutex = create(Kind::MUTEX);
  Handle semaphore = create(Kind::SEMAPHORE);
  Handle queue = create_queue(layout::Discipline::FIFO, 2);
  Handle condition = create(Kind::CONDITION);
  core().words()[semaphore + Cell::STATE] = 2 << layout::Semaphore::VALUE_SHIFT;
  std::vector<std::thread> threads;
  for (unsigned seed = 0; seed < 4; seed++) {
    threads.emplace_back([&, seed] {
      std::mt19937 random(seed);
      for (int round = 0; round < rounds; round++) {
        Isolate isolate(arena());
        for (Handle handle : {mutex, semaphore, queue, condition}) {
          isolate->retain(handle);
          isolate->adopt(handle);
        }
        // What a real isolate takes and never gives back is lost; so permits are not taken for good.
        for (unsigned steps = random() % 4; steps > 0; steps--) {
          switch (random() % 6) {
            case 0:
              (void)isolate->mutex_acquire(mutex, WaiterMode::LOOP, kForEver);
              break;
            case 1:
              (void)isolate->mutex_acquire(mutex, WaiterMode::THREAD, 0.01);
              break;
            case 2:
              if (isolate->semaphore_acquire(semaphore, WaiterMode::LOOP, kForEver) == Outcome::GRANTED) {
                EXPECT_EQ(isolate->semaphore_release(semaphore, 1), Outcome::OK);
              }
              break;
            case 3:
              (void)isolate->condition_enqueue(condition, WaiterMode::LOOP);
              isolate->condition_notify(condition, 1);
              break;
            case 4:
              if (isolate->queue_await_item(queue, WaiterMode::LOOP, kForEver) == Outcome::GRANTED) {
                isolate->queue_unreserve(queue, 1);
              }
              break;
            default:
              (void)isolate.put_number(queue, 1, 0);
          }
        }
      }
    });
  }
  join_all(threads);
  ASSERT_EQ(main().lock(mutex, 20'000), Outcome::GRANTED);
  main().unlock(mutex);
  EXPECT_EQ(state(mutex), 0);
  EXPECT_EQ(state(semaphore), 2 << layout::Semaphore::VALUE_SHIFT);
  EXPECT_EQ(word(queue, layout::Queue::RESERVED_ITEMS), 0);
  EXPECT_EQ(word(queue, layout::Queue::GETTERS), 0);
  EXPECT_EQ(word(condition, Cell::WAITERS), 0);
  EXPECT_EQ(cells_live(), 4);
}

}  // namespace

}  // namespace heddle::test

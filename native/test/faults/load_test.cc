// Processes that work on the same objects at the same time and are killed at random moments, by others. Those
// that live, and those that come after, go on. HEDDLE_KILL_ROUNDS says how many are killed.
#include <cstdio>
#include <cstdlib>

#include "killed.h"

namespace heddle::test {

namespace {

namespace Queue = layout::Queue;
namespace Semaphore = layout::Semaphore;
namespace Barrier = layout::Barrier;

constexpr int kProcesses = 4;
constexpr int32_t kPermits = 1'000'000;
constexpr int32_t kQueueSize = 40;
constexpr size_t kItems = 1 << 24;
// A lock that nobody has for so long is stuck.
constexpr double kStuckMs = 30'000;

// What the mutex protects, and how far everybody has come.
struct Shared {
  std::atomic<int64_t> first;
  std::atomic<int64_t> second;
  std::atomic<int32_t> inside;
  std::atomic<int64_t> turns;
  std::atomic<bool> stuck;
  std::atomic<bool> overlap;
  // The items of a queue: the next one, which puts have returned, and which takes.
  std::atomic<uint32_t> next_item;
  std::atomic<bool> was_put[kItems];
  std::atomic<uint8_t> taken[kItems];
};

int rounds() {
  const char* text = std::getenv("HEDDLE_KILL_ROUNDS");
  return text != nullptr ? std::atoi(text) : 300;
}

class LoadTest : public KilledTest {
 protected:
  Shared* shared_ = shared_page<Shared>();
  Handle mutex_ = 0;
  Handle semaphore_ = 0;
  Handle event_ = 0;
  Handle condition_ = 0;
  Handle barrier_ = 0;
  Handle queue_ = 0;

  void SetUp() override {
    KilledTest::SetUp();
    mutex_ = create(Kind::MUTEX);
    semaphore_ = create(Kind::SEMAPHORE);
    event_ = create(Kind::EVENT);
    condition_ = create(Kind::CONDITION);
    barrier_ = create(Kind::BARRIER);
    queue_ = create_queue(layout::Discipline::FIFO, kQueueSize);
    core().words()[semaphore_ + Cell::STATE] = kPermits << Semaphore::VALUE_SHIFT;
    core().words()[barrier_ + Barrier::PARTIES] = 2;
  }

  // Both change, or its holder has died.
  void turn(Isolate& isolate) {
    if (isolate.lock(mutex_, kStuckMs) != Outcome::GRANTED) {
      shared_->stuck = true;
      return;
    }
    const bool died = (state(mutex_) & layout::Mutex::OWNER_DIED) != 0;
    if (!died && shared_->first != shared_->second) shared_->overlap = true;
    const int64_t next = std::max(shared_->first.load(), shared_->second.load()) + 1;
    shared_->first = next;
    shared_->second = next;
    isolate.unlock(mutex_);
    shared_->turns++;
  }

  void put(Isolate& isolate) {
    const uint32_t item = shared_->next_item++;
    if (item < kItems && isolate.put_number(queue_, item, 0.1) == Outcome::OK) shared_->was_put[item] = true;
  }
  // False when there was none.
  bool take(Isolate& isolate, double timeout) {
    double item = 0;
    if (isolate.take_number(queue_, item, timeout) != Outcome::OK) return false;
    shared_->taken[static_cast<size_t>(item)]++;
    return true;
  }

  void work(unsigned seed) {
    Isolate isolate(arena());
    for (const Handle object : {mutex_, semaphore_, event_, condition_, barrier_, queue_}) {
      isolate->retain(object);
      isolate->adopt(object);
    }
    Random random(seed);
    while (!shared_->stuck) {
      switch (random() % 20) {
        case 0:
          if (isolate.finish(isolate->semaphore_acquire(semaphore_, WaiterMode::THREAD, 0.2), 0.2) ==
              Outcome::GRANTED) {
            EXPECT_EQ(isolate->semaphore_release(semaphore_, 1), Outcome::OK);
          }
          break;
        case 1:
          (void)isolate.finish(isolate->condition_enqueue(condition_, WaiterMode::THREAD), 0.1);
          break;
        case 2:
          isolate->condition_notify(condition_, static_cast<int32_t>(random() % 3));
          break;
        case 3:
          (void)isolate->condition_enqueue(condition_, WaiterMode::LOOP);
          break;
        case 4:
          (void)isolate.finish(isolate->event_wait(event_, WaiterMode::THREAD, 0.1), 0.1);
          break;
        case 5:
          isolate->event_set(event_);
          arena().word(event_ + Cell::STATE).fetch_and(~layout::Event::SET);
          break;
        case 6: {
          const OutcomeCode outcome =
              isolate.finish(isolate->barrier_arrive(barrier_, WaiterMode::THREAD, 0.1), 0.1);
          if (outcome == Outcome::LAST) isolate->barrier_release(barrier_);
          if (outcome == Outcome::BROKEN) isolate->barrier_reset(barrier_);
          break;
        }
        case 7:
          isolate->disown(isolate->create(Kind::EVENT));
          break;
        case 8:
        case 9:
        case 10:
        case 11:
          put(isolate);
          break;
        case 12:
        case 13:
        case 14:
        case 15:
          (void)take(isolate, 0.1);
          break;
        default:
          turn(isolate);
      }
      // Notifications that nobody looks at are given up.
      (void)isolate.drain();
    }
  }

  Child start(unsigned seed) {
    return start_process([&] { work(seed); });
  }
};

TEST_F(LoadTest, WhoIsKilledAtARandomMomentStopsNobody) {
  // The parent keeps a node and what else it needs for waiting from its first use on.
  EXPECT_EQ(main().put_number(queue_, 0, 0), Outcome::OK);
  EXPECT_TRUE(take(main(), 0));
  shared_->taken[0] = 0;
  const int32_t cells = cells_live();
  std::vector<Child> processes;
  unsigned seed = 0;
  for (int i = 0; i < kProcesses; i++) processes.push_back(start(++seed));
  Random random(7);
  const int kills = rounds();
  for (int round = 0; round < kills && !shared_->stuck && !shared_->overlap; round++) {
    const int64_t before = shared_->turns;
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 3000));
    const size_t victim = random() % processes.size();
    const Child child = processes[victim];
    ASSERT_EQ(kill(child.pid, SIGKILL), 0);
    ASSERT_TRUE(WIFSIGNALED(end_of(child))) << "it ended by itself";
    main()->bury(child.process);
    processes[victim] = start(++seed);
    // The others go on.
    ASSERT_TRUE(eventually([&] { return shared_->turns > before || shared_->stuck; })) << "round " << round;
  }
  for (const Child& child : processes) {
    kill(child.pid, SIGKILL);
    (void)end_of(child);
    main()->bury(child.process);
  }
  EXPECT_FALSE(shared_->stuck);
  EXPECT_FALSE(shared_->overlap);
  EXPECT_EQ(main().lock(mutex_, 0), Outcome::GRANTED);
  main().unlock(mutex_);
  for (const Handle object : {mutex_, semaphore_, event_, condition_, barrier_, queue_}) {
    EXPECT_EQ(word(object, Cell::GUARD), 0);
    EXPECT_EQ(word(object, Cell::WAITERS), 0);
    // A reference may have been on its way to each process that was killed at once.
    EXPECT_LE(word(object, Cell::REFS), 1 + kills + kProcesses);
  }
  while (take(main(), 0)) {
  }
  EXPECT_EQ(word(queue_, Queue::RESERVED_ITEMS), 0);
  EXPECT_EQ(word(queue_, Queue::RESERVED_PLACES), 0);
  int lost = 0;
  for (size_t item = 0; item < std::min<size_t>(shared_->next_item, kItems); item++) {
    ASSERT_LE(shared_->taken[item], 1) << "an item came twice";
    if (shared_->was_put[item] && shared_->taken[item] == 0) lost++;
  }
  // What somebody was taking when he was killed.
  EXPECT_LE(lost, kills + kProcesses);
  std::printf("%d killed; %lld turns of the lock, %u items begun, %d of them gone with who was taking them\n",
              kills + kProcesses, static_cast<long long>(shared_->turns), shared_->next_item.load(), lost);
  const int32_t permits = state(semaphore_) >> Semaphore::VALUE_SHIFT;
  EXPECT_LE(permits, kPermits);
  EXPECT_GE(permits, kPermits - kills - kProcesses);
  EXPECT_EQ(cells_live(), cells);
  // What is on its way for ever, see docs/recovery.md.
  for (const Handle object : {mutex_, semaphore_, event_, condition_, barrier_, queue_}) {
    while (word(object, Cell::REFS) > 1) main()->release(object);
  }
}

}  // namespace

}  // namespace heddle::test

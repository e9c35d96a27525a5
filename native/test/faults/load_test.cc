// Processes that work on the same objects at the same time and are killed at random moments, by others. Those
// that live, and those that come after, go on, and everything is accounted for. HEDDLE_KILL_ROUNDS says how
// many are killed.
#include <array>
#include <cstdio>
#include <cstdlib>

#include "killed.h"

namespace heddle::test {

namespace {

namespace Queue = layout::Queue;
namespace Semaphore = layout::Semaphore;
namespace Barrier = layout::Barrier;

constexpr int kProcesses = 4;
constexpr uint32_t kParent = 0;
constexpr int32_t kPermits = 1'000'000;
constexpr int32_t kQueueSize = 40;
constexpr size_t kItems = 1 << 23;
// A lock that nobody has for so long is stuck.
constexpr double kStuckMs = 30'000;
// The parent and processes, one after the other.
constexpr size_t kLives = 1 << 17;

// What is known of an item.
namespace Put {
enum : uint8_t { NEVER, BEGUN, DONE, REFUSED };
}
// What one who takes is about: from ITEM on, which item it has and may not have noted.
namespace Hand {
enum : uint32_t { EMPTY, TAKING, ITEM };
}

// What a process notes before and after, so that it is known what it was in the middle of.
struct Life {
  // About to be killed.
  std::atomic<bool> killed;
  // It has its references.
  std::atomic<bool> begun;
  std::atomic<int64_t> acts;
  // It may have the mutex; it has it for sure; whoever came next found that.
  std::atomic<bool> at_mutex;
  std::atomic<bool> in_turn;
  std::atomic<bool> found;
  // It may have a permit; it has one for sure.
  std::atomic<bool> at_semaphore;
  std::atomic<bool> has_permit;
  std::atomic<uint32_t> hand;
};

struct Shared {
  // What the mutex protects, and who has it, plus 1.
  std::atomic<int64_t> first;
  std::atomic<int64_t> second;
  std::atomic<uint32_t> holder;
  std::atomic<int64_t> turns;
  // How often the owner of the mutex had died and was not in its turn.
  std::atomic<int64_t> between_turns;
  std::atomic<bool> stuck;
  // One of the processes found something wrong. What it knows of that itself may die with it.
  std::atomic<bool> failed;
  Life lives[kLives];
  // The items of a queue: the next one, what became of their puts, and who took them, plus 1.
  std::atomic<uint32_t> next_item;
  std::atomic<uint8_t> put[kItems];
  std::atomic<uint32_t> taken_by[kItems];
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
  // The latest process.
  uint32_t last_ = kParent;

  std::array<Handle, 6> objects() const { return {mutex_, semaphore_, event_, condition_, barrier_, queue_}; }

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

  void expect(bool holds, const char* what) {
    if (holds) return;
    shared_->failed = true;
    ADD_FAILURE() << what;
  }
  Life& life(uint32_t id) { return shared_->lives[id]; }

  // Both change, or its holder has died.
  void turn(Isolate& isolate, uint32_t id) {
    life(id).at_mutex = true;
    if (isolate.lock(mutex_, kStuckMs) != Outcome::GRANTED) {
      shared_->stuck = true;
      return;
    }
    const bool died = (state(mutex_) & layout::Mutex::OWNER_DIED) != 0;
    const uint32_t last = shared_->holder;
    if (last != 0) {
      expect(died, "who had the mutex has died, and nobody says so");
      expect(life(last - 1).killed, "two had the mutex");
      life(last - 1).found = true;
    } else if (died) {
      shared_->between_turns++;
    }
    expect(died || shared_->first == shared_->second, "a turn is half done");
    const int64_t next = std::max(shared_->first.load(), shared_->second.load()) + 1;
    shared_->holder = id + 1;
    life(id).in_turn = true;
    shared_->first = next;
    shared_->second = next;
    shared_->turns++;
    life(id).in_turn = false;
    shared_->holder = 0;
    isolate.unlock(mutex_);
    life(id).at_mutex = false;
  }

  void take_permit(Isolate& isolate, uint32_t id) {
    life(id).at_semaphore = true;
    if (isolate.finish(isolate->semaphore_acquire(semaphore_, WaiterMode::THREAD, 0.2), 0.2) ==
        Outcome::GRANTED) {
      life(id).has_permit = true;
      life(id).has_permit = false;
      expect(isolate->semaphore_release(semaphore_, 1) == Outcome::OK, "a permit is not taken back");
    }
    life(id).at_semaphore = false;
  }

  void put(Isolate& isolate) {
    const uint32_t item = shared_->next_item++;
    if (item >= kItems) return;
    shared_->put[item] = Put::BEGUN;
    const OutcomeCode outcome = isolate.put_number(queue_, item, 0.1);
    expect(outcome == Outcome::OK || outcome == Outcome::TIMED_OUT, "a put fails");
    shared_->put[item] = outcome == Outcome::OK ? Put::DONE : Put::REFUSED;
  }
  // False when there was none.
  bool take(Isolate& isolate, uint32_t id, double timeout) {
    double number = 0;
    life(id).hand = Hand::TAKING;
    const bool taken = isolate.take_number(queue_, number, timeout) == Outcome::OK;
    if (taken) {
      const auto item = static_cast<uint32_t>(number);
      life(id).hand = Hand::ITEM + item;
      expect(shared_->taken_by[item].exchange(id + 1) == 0, "an item came twice");
    }
    life(id).hand = Hand::EMPTY;
    return taken;
  }

  void work(uint32_t id) {
    Isolate isolate(arena());
    for (const Handle object : objects()) {
      isolate->retain(object);
      isolate->adopt(object);
    }
    life(id).begun = true;
    Random random(id);
    while (!shared_->stuck && !shared_->failed) {
      switch (random() % 20) {
        case 0:
          take_permit(isolate, id);
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
          (void)take(isolate, id, 0.1);
          break;
        default:
          turn(isolate, id);
      }
      // Notifications that nobody looks at are given up.
      (void)isolate.drain();
      life(id).acts++;
      if (HasFailure()) shared_->failed = true;
    }
  }

  struct Worker {
    Child child;
    uint32_t id;
  };
  Worker start() {
    const uint32_t id = ++last_;
    return {start_process([&] { work(id); }), id};
  }
  // Waits until each of those that had begun has come on.
  void come_on(const std::vector<Worker>& workers, bool all) {
    std::vector<int64_t> before;
    for (const Worker& worker : workers) before.push_back(life(worker.id).acts);
    const auto have = [&] {
      for (size_t i = 0; i < workers.size(); i++) {
        if ((all || before[i] != 0) && life(workers[i].id).acts == before[i]) return false;
      }
      return true;
    };
    expect(eventually([&] { return have() || shared_->stuck || shared_->failed; }),
           "somebody does not come on");
  }
  void end(const Worker& worker) {
    life(worker.id).killed = true;
    EXPECT_EQ(kill(worker.child.pid, SIGKILL), 0);
    EXPECT_TRUE(WIFSIGNALED(end_of(worker.child))) << "it ended by itself";
    main()->bury(worker.child.process);
  }

  // How many of the dead that is true of.
  template <class Predicate>
  int64_t count(Predicate predicate) {
    int64_t dead = 0;
    for (uint32_t id = 1; id <= last_; id++) {
      if (predicate(life(id))) dead++;
    }
    return dead;
  }

  // When all are dead: the mutex was passed on by those who had it, and by nobody else.
  void check_mutex() {
    turn(main(), kParent);
    EXPECT_EQ(main().lock(mutex_, 0), Outcome::GRANTED);
    EXPECT_EQ(state(mutex_) & layout::Mutex::OWNER_DIED, 0);
    main().unlock(mutex_);
    EXPECT_EQ(count([](Life& life) { return life.in_turn && !life.found; }), 0);
    EXPECT_EQ(count([](Life& life) { return life.found && !life.at_mutex; }), 0);
    EXPECT_LE(shared_->between_turns, count([](Life& life) { return life.at_mutex && !life.found; }));
    EXPECT_GE(shared_->first, shared_->turns);
    EXPECT_LE(shared_->first, shared_->turns + count([](Life& life) { return life.in_turn.load(); }));
  }
  void check_semaphore() {
    const int64_t lost = kPermits - (state(semaphore_) >> Semaphore::VALUE_SHIFT);
    EXPECT_GE(lost, count([](Life& life) { return life.has_permit.load(); }));
    EXPECT_LE(lost, count([](Life& life) { return life.at_semaphore.load(); }));
  }
  // How many items are lost, which may be as many as were being taken by those who were killed.
  int64_t check_items() {
    while (take(main(), kParent, 0)) {
    }
    EXPECT_EQ(word(queue_, Queue::RESERVED_ITEMS), 0);
    EXPECT_EQ(word(queue_, Queue::RESERVED_PLACES), 0);
    for (uint32_t id = 1; id <= last_; id++) {
      const uint32_t hand = life(id).hand;
      if (hand < Hand::ITEM) continue;
      // It had the item, and may have noted that.
      const uint32_t by = shared_->taken_by[hand - Hand::ITEM].exchange(id + 1);
      EXPECT_TRUE(by == 0 || by == id + 1) << "an item came twice";
    }
    int64_t lost = 0;
    for (size_t item = 0; item < std::min<size_t>(shared_->next_item, kItems); item++) {
      const bool taken = shared_->taken_by[item] != 0;
      if (taken) {
        EXPECT_NE(shared_->put[item], Put::NEVER);
        EXPECT_NE(shared_->put[item], Put::REFUSED);
      } else if (shared_->put[item] == Put::DONE) {
        lost++;
      }
    }
    EXPECT_LE(lost, count([](Life& life) { return life.hand == Hand::TAKING; }));
    return lost;
  }
  // A reference may have been on its way to each process that was killed before it had all.
  void check_references() {
    int64_t more = 0;
    for (const Handle object : objects()) {
      EXPECT_EQ(word(object, Cell::GUARD), 0);
      EXPECT_EQ(word(object, Cell::WAITERS), 0);
      EXPECT_GE(word(object, Cell::REFS), 1);
      for (; word(object, Cell::REFS) > 1; more++) main()->release(object);
    }
    EXPECT_LE(more, count([](Life& life) { return !life.begun; }));
  }
};

TEST_F(LoadTest, WhoIsKilledAtARandomMomentStopsNobody) {
  // The parent keeps a node and what else it needs for waiting from its first use on.
  put(main());
  EXPECT_TRUE(take(main(), kParent, 0));
  const int32_t cells = cells_live();
  const int kills = rounds();
  ASSERT_LT(static_cast<size_t>(kills) + kProcesses, kLives);
  std::vector<Worker> workers;
  for (int i = 0; i < kProcesses; i++) workers.push_back(start());
  Random random(7);
  for (int round = 0; round < kills && !shared_->stuck && !shared_->failed; round++) {
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 3000));
    Worker& victim = workers[random() % workers.size()];
    end(victim);
    victim = start();
    come_on(workers, false);
  }
  come_on(workers, true);
  for (const Worker& worker : workers) end(worker);
  EXPECT_FALSE(shared_->stuck);
  EXPECT_FALSE(shared_->failed);
  check_mutex();
  check_semaphore();
  const int64_t lost = check_items();
  std::printf(
      "%u killed; %lld turns of the lock, %u items begun, %lld of them gone with who was taking them\n",
      last_, static_cast<long long>(shared_->turns), shared_->next_item.load(), static_cast<long long>(lost));
  EXPECT_EQ(cells_live(), cells);
  check_references();
}

}  // namespace

}  // namespace heddle::test

// What the core's tests share: an arena of their own that must be left as it was found, isolates in
// it, threads that are one each, and waiting for conditions.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <functional>
#include <limits>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "core/arena.h"
#include "core/deadline.h"
#include "core/engine_core.h"
#include "core/guard.h"
#include "core/layout.h"
#include "core/self.h"
#include "core/spin.h"

namespace heddle::test {

namespace Outcome = layout::Outcome;
namespace Kind = layout::Kind;
namespace WaiterMode = layout::WaiterMode;
namespace Cell = layout::Cell;

inline constexpr double kForEver = -1;
// Longer than anything here takes; a test that waits this long has failed.
inline constexpr std::chrono::seconds kPatience{60};

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
inline constexpr int kSanitizerSlowdown = 4;
#else
inline constexpr int kSanitizerSlowdown = 1;
#endif

inline bool is_ticket(int32_t begun) {
  return begun >= layout::FIRST_TICKET;
}

// Waits for a condition; false when it does not come about.
[[nodiscard]] inline bool eventually(const std::function<bool()>& condition) {
  auto end = std::chrono::steady_clock::now() + kPatience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::microseconds(100));
  }
  return true;
}

// An attached isolate, with the loops around the core that TypeScript has.
class Isolate {
 public:
  explicit Isolate(Arena& arena) : core_(EngineCore::attach(arena)) {}

  EngineCore& core() { return *core_; }
  EngineCore* operator->() { return core_.get(); }

  // Blocks until a begin of mode THREAD has its outcome.
  OutcomeCode finish(int32_t begun, double timeout = kForEver) {
    Deadline deadline = Deadline::after_ms(timeout);
    while (is_ticket(begun)) {
      double left = deadline.is_never() ? kForEver : static_cast<double>(deadline.left_ns()) / 1e6;
      OutcomeCode outcome = core_->wait(begun, left);
      if (outcome != Outcome::PENDING) return outcome;
    }
    return begun;
  }

  OutcomeCode lock(Handle mutex, double timeout = kForEver) {
    return finish(core_->mutex_acquire(mutex, WaiterMode::THREAD, timeout), timeout);
  }
  // As TypeScript does: the uncontended release by itself.
  void unlock(Handle mutex) {
    std::atomic_ref<int32_t> state(core_->words()[mutex + Cell::STATE]);
    int32_t seen = state.load(std::memory_order_relaxed);
    if ((seen & layout::Mutex::PARKED) == 0 &&
        state.compare_exchange_strong(seen, 0, std::memory_order_release)) {
      return;
    }
    EXPECT_EQ(core_->mutex_release(mutex), Outcome::OK);
  }

  [[nodiscard]] OutcomeCode put(Handle queue, const PutItem& item, double timeout = kForEver) {
    OutcomeCode outcome = core_->queue_put(queue, timeout == 0 ? Turn::kNow : Turn::kSpin, item);
    if (outcome != Outcome::FULL) return outcome;
    outcome = finish(core_->queue_await_place(queue, WaiterMode::THREAD, timeout), timeout);
    return outcome == Outcome::GRANTED ? core_->queue_put(queue, Turn::kPromised, item) : outcome;
  }
  [[nodiscard]] OutcomeCode put_number(Handle queue, double number, double timeout = kForEver) {
    PutItem item;
    item.lane = kNumberLane;
    item.bytes = {reinterpret_cast<const uint8_t*>(&number), sizeof number};
    return put(queue, item, timeout);
  }
  [[nodiscard]] OutcomeCode take(Handle queue, TakenItem& item, double timeout = kForEver) {
    OutcomeCode outcome = core_->queue_take(queue, timeout == 0 ? Turn::kNow : Turn::kSpin, scratch_, item);
    if (outcome != Outcome::EMPTY) return outcome;
    outcome = finish(core_->queue_await_item(queue, WaiterMode::THREAD, timeout), timeout);
    return outcome == Outcome::GRANTED ? core_->queue_take(queue, Turn::kPromised, scratch_, item) : outcome;
  }
  [[nodiscard]] OutcomeCode take_number(Handle queue, double& number, double timeout = kForEver) {
    TakenItem item;
    OutcomeCode outcome = take(queue, item, timeout);
    if (outcome == Outcome::OK) {
      EXPECT_EQ(item.lane, kNumberLane);
      std::memcpy(&number, item.bytes.data(), sizeof number);
    }
    return outcome;
  }

  std::vector<Ready> drain() {
    std::vector<Ready> all;
    Ready ready[8];
    size_t count = 0;
    do {
      count = core_->drain(ready);
      all.insert(all.end(), ready, ready + count);
    } while (count == std::size(ready));
    return all;
  }

  std::span<uint8_t> scratch() { return scratch_; }
  static constexpr int32_t kNumberLane = 5;

 private:
  std::unique_ptr<EngineCore> core_;
  std::vector<uint8_t> scratch_ = std::vector<uint8_t>(EngineCore::kScratchBytes);
};

// An arena for each test, and one isolate, of the test's own thread. After the test every cell and
// every block must have been given back.
class CoreTest : public testing::Test {
 protected:
  static constexpr size_t kHeapBytes = size_t{4} << 30;
  // Of the heap, at most, when the test has ended.
  int64_t left_bytes_ = 0;

  void SetUp() override {
    arena_ = Arena::open(kHeapBytes);
    ASSERT_NE(arena_, nullptr);
    main_ = std::make_unique<Isolate>(*arena_);
  }

  void TearDown() override {
    main_.reset();
    EXPECT_EQ(cells_live(), 0);
    EXPECT_GE(arena_->heap().live_bytes(), 0);
    EXPECT_LE(arena_->heap().live_bytes(), left_bytes_);
    EXPECT_EQ(arena_->get(layout::Header::SLOTS_LIVE), 0);
  }

  Arena& arena() { return *arena_; }
  Isolate& main() { return *main_; }
  EngineCore& core() { return main_->core(); }
  int32_t word(Handle handle, int32_t offset) const {
    return arena_->word(handle + offset).load(std::memory_order_acquire);
  }
  int32_t state(Handle handle) const { return word(handle, Cell::STATE); }
  int32_t cells_live() const { return arena_->get(layout::Header::CELLS_LIVE); }

  Handle create(int32_t kind) {
    Handle handle = core().create(kind);
    EXPECT_NE(handle, 0);
    return handle;
  }
  Handle create_queue(int32_t discipline = layout::Discipline::FIFO, int32_t max_size = 0) {
    Handle queue = create(Kind::QUEUE);
    EXPECT_EQ(core().queue_init(queue, discipline, max_size), Outcome::OK);
    return queue;
  }

  // A thread with an isolate of its own.
  template <class Body>
  std::thread spawn(Body body) {
    return std::thread([this, body] {
      Isolate isolate(*arena_);
      body(isolate);
    });
  }
  // Waits until a waiter is linked in the list of an object.
  [[nodiscard]] bool has_waiter(Handle handle, int32_t list = Cell::WAITERS) {
    return eventually([&] { return word(handle, list) != 0; });
  }
  int count_waiters(Handle handle, int32_t list = Cell::WAITERS) {
    Guard guard(*arena_, layout::MAX_SLOTS, handle + Cell::GUARD);
    Handle first = word(handle, list);
    if (first == 0) return 0;
    int count = 1;
    for (Handle node = word(first, layout::Node::NEXT); node != first;
         node = word(node, layout::Node::NEXT)) {
      count++;
    }
    return count;
  }

 private:
  std::unique_ptr<Arena> arena_;
  std::unique_ptr<Isolate> main_;
};

inline void join_all(std::vector<std::thread>& threads) {
  for (auto& thread : threads) thread.join();
  threads.clear();
}

}  // namespace heddle::test

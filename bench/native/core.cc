// What the core itself costs, without JavaScript around it: what is left to gain above, and how far
// it is from the physical limits. Prints a line of JSON for each measurement.
#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "core/arena.h"
#include "core/deadline.h"
#include "core/engine_core.h"
#include "core/layout.h"
#include "core/spin.h"

namespace {

using namespace heddle;
namespace Outcome = layout::Outcome;
namespace WaiterMode = layout::WaiterMode;

constexpr double kForEver = -1;
constexpr int kRounds = 5;

class Isolate {
 public:
  Isolate() : core_(EngineCore::attach()) {}
  EngineCore* operator->() { return core_.get(); }

  OutcomeCode finish(int32_t begun) {
    while (begun >= layout::FIRST_TICKET) {
      if (OutcomeCode outcome = core_->wait(begun, kForEver)) return outcome;
    }
    return begun;
  }
  void put(Handle queue, double number) {
    PutItem item;
    item.bytes = {reinterpret_cast<const uint8_t*>(&number), sizeof number};
    if (core_->queue_put(queue, Turn::kSpin, item) != Outcome::FULL) return;
    finish(core_->queue_await_place(queue, WaiterMode::THREAD, kForEver));
    (void)core_->queue_put(queue, Turn::kPromised, item);
  }
  double take(Handle queue) {
    TakenItem item;
    if (core_->queue_take(queue, Turn::kSpin, scratch_, item) == Outcome::EMPTY) {
      finish(core_->queue_await_item(queue, WaiterMode::THREAD, kForEver));
      (void)core_->queue_take(queue, Turn::kPromised, scratch_, item);
    }
    double number = 0;
    std::memcpy(&number, item.bytes.data(), sizeof number);
    return number;
  }
  void lock(Handle mutex) { finish(core_->mutex_acquire(mutex, WaiterMode::THREAD, kForEver)); }
  void unlock(Handle mutex) {
    std::atomic_ref<int32_t> state(core_->words()[mutex + layout::Cell::STATE]);
    int32_t seen = state.load(std::memory_order_relaxed);
    if ((seen & layout::Mutex::PARKED) != 0 || !state.compare_exchange_strong(seen, 0)) {
      (void)core_->mutex_release(mutex);
    }
  }
  Handle queue(int32_t max_size, int32_t discipline = layout::Discipline::FIFO) {
    Handle queue = core_->create(layout::Kind::QUEUE);
    (void)core_->queue_init(queue, discipline, max_size);
    return queue;
  }

 private:
  std::unique_ptr<EngineCore> core_;
  std::vector<uint8_t> scratch_ = std::vector<uint8_t>(EngineCore::kScratchBytes);
};

// The median, ns for each of `count` operations.
void report(const char* name, int count, const std::function<void()>& run) {
  std::vector<double> times;
  for (int round = 0; round <= kRounds; round++) {
    int64_t start = monotonic_ns();
    run();
    // The first warms up.
    if (round > 0) times.push_back(static_cast<double>(monotonic_ns() - start) / count);
  }
  std::sort(times.begin(), times.end());
  std::printf("{\"bench\":\"%s\",\"nsPerOperation\":%.1f,\"perSecond\":%.0f}\n", name, times[kRounds / 2],
              1e9 / times[kRounds / 2]);
  std::fflush(stdout);
}

void queue_alone(Isolate& main) {
  constexpr int kItems = 500'000;
  Handle queue = main.queue(0);
  report("queue-put-take-alone", kItems, [&] {
    for (int i = 0; i < kItems; i++) {
      main.put(queue, i);
      (void)main.take(queue);
    }
  });
  report("queue-fill-and-empty", kItems, [&] {
    for (int i = 0; i < kItems; i++) main.put(queue, i);
    for (int i = 0; i < kItems; i++) (void)main.take(queue);
  });
}

void queue_between_threads(Isolate& main, const char* name, int32_t max_size, int pairs) {
  constexpr int kItems = 500'000;
  Handle queue = main.queue(max_size);
  report(name, kItems * pairs, [&] {
    std::vector<std::thread> threads;
    for (int i = 0; i < pairs; i++) {
      threads.emplace_back([&] {
        Isolate isolate;
        for (int n = 0; n < kItems; n++) isolate.put(queue, n);
      });
      threads.emplace_back([&] {
        Isolate isolate;
        for (int n = 0; n < kItems; n++) (void)isolate.take(queue);
      });
    }
    for (auto& thread : threads) thread.join();
  });
}

void mutex_contended(Isolate& main, const char* name, int count) {
  constexpr int kSections = 200'000;
  Handle mutex = main->create(layout::Kind::MUTEX);
  int64_t counter = 0;
  report(name, kSections * count, [&] {
    std::vector<std::thread> threads;
    for (int i = 0; i < count; i++) {
      threads.emplace_back([&] {
        Isolate isolate;
        for (int n = 0; n < kSections; n++) {
          isolate.lock(mutex);
          counter++;
          isolate.unlock(mutex);
        }
      });
    }
    for (auto& thread : threads) thread.join();
  });
  if (counter != int64_t{kSections} * count * (kRounds + 1)) std::printf("counter is wrong\n");
}

void ping_pong(Isolate& main) {
  constexpr int kTurns = 10'000;
  Handle there = main.queue(0);
  Handle back = main.queue(0);
  report("queue-ping-pong", kTurns, [&] {
    std::thread other([&] {
      Isolate isolate;
      for (int i = 0; i < kTurns; i++) isolate.put(back, isolate.take(there));
    });
    for (int i = 0; i < kTurns; i++) {
      main.put(there, i);
      (void)main.take(back);
    }
    other.join();
  });
  Handle mine = main->create(layout::Kind::SEMAPHORE);
  Handle yours = main->create(layout::Kind::SEMAPHORE);
  report("semaphore-ping-pong", kTurns, [&] {
    std::thread other([&] {
      Isolate isolate;
      for (int i = 0; i < kTurns; i++) {
        isolate.finish(isolate->semaphore_acquire(yours, WaiterMode::THREAD, kForEver));
        (void)isolate->semaphore_release(mine, 1);
      }
    });
    for (int i = 0; i < kTurns; i++) {
      (void)main->semaphore_release(yours, 1);
      main.finish(main->semaphore_acquire(mine, WaiterMode::THREAD, kForEver));
    }
    other.join();
  });
}

}  // namespace

int main() {
  Isolate main;
  queue_alone(main);
  queue_between_threads(main, "queue-1-to-1", 0, 1);
  queue_between_threads(main, "queue-1-to-1-bounded-1000", 1000, 1);
  queue_between_threads(main, "queue-4-to-4", 0, 4);
  mutex_contended(main, "mutex-2-threads", 2);
  mutex_contended(main, "mutex-8-threads", 8);
  ping_pong(main);
}

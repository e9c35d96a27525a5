// The physical limit of queues: numbers through a bare ring of a power of two, one producer, one
// consumer, no locks, no sleeping. Prints one line of JSON.
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <thread>

#include "core/deadline.h"
#include "core/spin.h"

namespace {

constexpr uint64_t kCapacity = 1024;

struct Ring {
  alignas(64) std::atomic<uint64_t> head = 0;
  alignas(64) std::atomic<uint64_t> tail = 0;
  alignas(64) double items[kCapacity];
};

}  // namespace

int main(int argc, char** argv) {
  const int items = argc > 1 ? std::atoi(argv[1]) : 5'000'000;
  static Ring ring;
  int64_t start = heddle::monotonic_ns();
  std::thread producer([&] {
    for (uint64_t i = 0; i < static_cast<uint64_t>(items); i++) {
      while (i - ring.head.load(std::memory_order_acquire) == kCapacity) heddle::cpu_relax();
      ring.items[i % kCapacity] = static_cast<double>(i);
      ring.tail.store(i + 1, std::memory_order_release);
    }
  });
  double sum = 0;
  for (uint64_t i = 0; i < static_cast<uint64_t>(items); i++) {
    while (ring.tail.load(std::memory_order_acquire) == i) heddle::cpu_relax();
    sum += ring.items[i % kCapacity];
    ring.head.store(i + 1, std::memory_order_release);
  }
  int64_t ns = heddle::monotonic_ns() - start;
  producer.join();
  if (sum != static_cast<double>(items) * (items - 1) / 2) return 1;
  std::printf("{\"bench\":\"ring\",\"items\":%d,\"itemsPerSecond\":%.0f}\n", items,
              items * 1e9 / static_cast<double>(ns));
}

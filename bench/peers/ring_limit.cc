// The physical limit of `queue-threads`: a bounded ring of doubles for many putters and takers, in which each
// place has a number that says whose turn it is, and nothing else. Who finds it full or empty sleeps on a
// futex. One sleeper is woken whenever half a ring has gone by, and when the other side goes to sleep, so
// that threads change as seldom as they can; a sleeper that was missed looks again after a millisecond, which
// a real queue could not afford. Prints operations per second. Usage: ring_limit COUNT PAIRS

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <thread>
#include <vector>

namespace {

constexpr uint32_t kPlaces = 1024;

class alignas(64) Sleepers {
 public:
  template <typename Ready>
  void wait(Ready ready) {
    count_.fetch_add(1);
    const int seen = word_.load();
    const timespec millisecond{0, 1'000'000};
    if (!ready()) syscall(SYS_futex, &word_, FUTEX_WAIT_PRIVATE, seen, &millisecond, nullptr, 0);
    count_.fetch_sub(1);
  }

  void wake_one() {
    if (count_.load() == 0) return;
    word_.fetch_add(1);
    syscall(SYS_futex, &word_, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
  }

 private:
  std::atomic<int> word_{0};
  std::atomic<int> count_{0};
};

class Ring {
 public:
  Ring() {
    for (uint32_t i = 0; i < kPlaces; i++) places_[i].turn.store(i, std::memory_order_relaxed);
  }

  void put(double item) {
    for (;;) {
      uint32_t tail = tail_.load(std::memory_order_relaxed);
      Place& place = places_[tail % kPlaces];
      const auto ahead = static_cast<int32_t>(place.turn.load(std::memory_order_acquire) - tail);
      if (ahead == 0 && tail_.compare_exchange_weak(tail, tail + 1, std::memory_order_relaxed)) {
        place.item = item;
        place.turn.store(tail + 1, std::memory_order_release);
        if ((tail + 1) % (kPlaces / 2) == 0) takers_.wake_one();
        return;
      }
      if (ahead < 0) {
        takers_.wake_one();
        putters_.wait([&] { return size() < kPlaces; });
      }
    }
  }

  double take() {
    for (;;) {
      uint32_t head = head_.load(std::memory_order_relaxed);
      Place& place = places_[head % kPlaces];
      const auto ahead = static_cast<int32_t>(place.turn.load(std::memory_order_acquire) - (head + 1));
      if (ahead == 0 && head_.compare_exchange_weak(head, head + 1, std::memory_order_relaxed)) {
        const double item = place.item;
        place.turn.store(head + kPlaces, std::memory_order_release);
        if ((head + 1) % (kPlaces / 2) == 0) putters_.wake_one();
        return item;
      }
      if (ahead < 0) {
        putters_.wake_one();
        takers_.wait([&] { return size() > 0; });
      }
    }
  }

 private:
  struct Place {
    std::atomic<uint32_t> turn;
    double item;
  };

  [[nodiscard]] uint32_t size() const { return tail_.load() - head_.load(); }

  alignas(64) std::atomic<uint32_t> tail_{0};
  alignas(64) std::atomic<uint32_t> head_{0};
  Sleepers putters_;
  Sleepers takers_;
  alignas(64) Place places_[kPlaces];
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const int pairs = std::atoi(argv[2]);
  const int each = std::atoi(argv[1]) / pairs;
  static Ring ring;
  std::atomic<int64_t> sum{0};
  std::vector<std::thread> threads;
  auto start = std::chrono::steady_clock::now();
  for (int pair = 0; pair < pairs; pair++) {
    threads.emplace_back([&] {
      for (int i = 0; i < each; i++) ring.put(i);
    });
    threads.emplace_back([&] {
      double mine = 0;
      for (int i = 0; i < each; i++) mine += ring.take();
      sum += static_cast<int64_t>(mine);
    });
  }
  for (auto& thread : threads) thread.join();
  std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
  if (sum != int64_t{pairs} * each * (each - 1) / 2) return 1;
  std::printf("%f\n", double(each) * pairs / elapsed.count());
}

// The physical limit of waking: two threads that wake each other in turn, with nothing but the
// system's futex (or what stands for it). Prints one line of JSON.
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <thread>

#include "core/deadline.h"
#include "core/futex.h"

namespace {

void wait_for_turn(int32_t& word, int32_t mine) {
  std::atomic_ref<int32_t> turn(word);
  for (int32_t seen = turn.load(); seen != mine; seen = turn.load()) {
    heddle::futex_wait(&word, seen, heddle::Deadline::never());
  }
}

void pass_turn(int32_t& word, int32_t to) {
  std::atomic_ref<int32_t>(word).store(to);
  heddle::futex_wake_one(&word);
}

}  // namespace

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::atoi(argv[1]) : 50'000;
  alignas(64) static int32_t word = 0;
  std::thread other([&] {
    for (int i = 0; i < rounds; i++) {
      wait_for_turn(word, 1);
      pass_turn(word, 0);
    }
  });
  int64_t start = heddle::monotonic_ns();
  for (int i = 0; i < rounds; i++) {
    pass_turn(word, 1);
    wait_for_turn(word, 0);
  }
  int64_t ns = heddle::monotonic_ns() - start;
  other.join();
  std::printf("{\"bench\":\"futex-ping-pong\",\"rounds\":%d,\"nsPerRound\":%.1f}\n", rounds,
              static_cast<double>(ns) / rounds);
}

// The small parts that have no state worth a fixture: deadlines, copying, size classes, the tagged stack,
// spinning, ringers, thread names.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "core/copy_bytes.h"
#include "core/deadline.h"
#include "core/os_thread.h"
#include "core/ringers.h"
#include "core/seat.h"
#include "core/size_class.h"
#include "core/spin.h"
#include "core/tagged_stack.h"

#ifdef __linux__
#  include <pthread.h>
#  include <sched.h>
#endif

namespace heddle {

namespace {

TEST(CopyBytes, CopiesWhatItIsToAndNoMore) {
  constexpr size_t kRoom = 2 * kLargeCopy;
  constexpr uint8_t kUntouched = 0xAA;
  std::vector<uint8_t> source(kRoom);
  for (size_t i = 0; i < kRoom; i++) source[i] = static_cast<uint8_t>(i * 31 + (i >> 8));
  for (const auto copy : {copy_bytes, stream_bytes}) {
    for (const size_t about : {size_t{0}, size_t{128}, kLargeCopy}) {
      for (size_t bytes = about < 2 ? 0 : about - 2; bytes < about + 130; bytes += 3) {
        for (const size_t from : {0, 1, 16}) {
          for (const size_t to : {0, 8, 16, 33}) {
            std::vector<uint8_t> target(kRoom, kUntouched);
            copy(target.data() + to, source.data() + from, bytes);
            const auto begin = target.begin() + static_cast<ptrdiff_t>(to);
            const auto end = begin + static_cast<ptrdiff_t>(bytes);
            const auto is_untouched = [](uint8_t byte) { return byte == kUntouched; };
            ASSERT_TRUE(std::equal(begin, end, source.begin() + static_cast<ptrdiff_t>(from))) << bytes;
            ASSERT_TRUE(std::all_of(target.begin(), begin, is_untouched)) << bytes;
            ASSERT_TRUE(std::all_of(end, target.end(), is_untouched)) << bytes;
          }
        }
      }
    }
  }
}

TEST(Deadline, NegativeIsNever) {
  EXPECT_TRUE(Deadline::after_ms(-1).is_never());
  EXPECT_TRUE(Deadline::after_ms(1e300).is_never());
  EXPECT_FALSE(Deadline::never().passed());
}

TEST(Deadline, ZeroHasPassed) {
  EXPECT_TRUE(Deadline::after_ms(0).is_now());
  EXPECT_TRUE(Deadline::after_ms(0).passed());
}

TEST(Deadline, PassesAfterItsTime) {
  Deadline deadline = Deadline::after_ms(2.5);
  EXPECT_FALSE(deadline.is_now());
  EXPECT_GT(deadline.left_ns(), 0);
  EXPECT_LE(deadline.left_ns(), 2'500'000);
  std::this_thread::sleep_for(std::chrono::milliseconds(3));
  EXPECT_TRUE(deadline.passed());
  EXPECT_EQ(deadline.left_ns(), 0);
  EXPECT_EQ(deadline.earlier(Deadline::never()).ns(), deadline.ns());
}

TEST(SizeClass, IsTheSmallestThatFitsAndWastesAQuarterAtMost) {
  for (uint64_t size = 1; size < 100'000; size++) {
    uint32_t found = size_class(size);
    ASSERT_GE(class_size(found), size);
    ASSERT_LE(class_size(found) * 4, size * 5 + 4);
    if (found > 0) {
      ASSERT_LT(class_size(found - 1), size);
    }
  }
}

TEST(TaggedStack, IsLastInFirstOut) {
  uint64_t head = 0;
  std::vector<int32_t> links(8);
  TaggedStack stack(head, [&](uint32_t index) -> int32_t& { return links[index]; });
  uint32_t index = 0;
  EXPECT_FALSE(stack.pop(index));
  stack.push(3);
  stack.push(5);
  EXPECT_TRUE(stack.pop(index));
  EXPECT_EQ(index, 5U);
  EXPECT_TRUE(stack.pop(index));
  EXPECT_EQ(index, 3U);
  EXPECT_FALSE(stack.pop(index));
}

TEST(TaggedStack, GivesNoIndexToTwoThreads) {
  constexpr uint32_t kIndices = 4;
  uint64_t head = 0;
  std::vector<int32_t> links(kIndices);
  std::vector<std::atomic<bool>> taken(kIndices);
  auto link = [&](uint32_t index) -> int32_t& { return links[index]; };
  for (uint32_t i = 0; i < kIndices; i++) TaggedStack(head, link).push(i);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; t++) {
    threads.emplace_back([&] {
      TaggedStack stack(head, link);
      for (int i = 0; i < 20'000; i++) {
        uint32_t index = 0;
        if (!stack.pop(index)) continue;
        ASSERT_FALSE(taken[index].exchange(true));
        taken[index] = false;
        stack.push(index);
      }
    });
  }
  for (auto& thread : threads) thread.join();
}

TEST(Spinner, IsBoundedAndStopsAtTheDeadline) {
  Spinner spinner;
  for (int i = 0; i < 3; i++) {
    int64_t start = monotonic_ns();
    EXPECT_FALSE(spinner.spin(Deadline::never(), [] { return false; }));
    // Generous: the thread may lose its core meanwhile.
    EXPECT_LT(monotonic_ns() - start, 1'000'000'000);
  }
  EXPECT_FALSE(spinner.spin(Deadline::after_ms(0), [] { return false; }));
  int looks = 0;
  EXPECT_TRUE(spinner.spin(Deadline::never(), [&] { return ++looks > 0; }));
  EXPECT_EQ(looks, 1);
}

TEST(Ringers, RingNobodyAfterTheyWereTakenOut) {
  static Ringers ringers;
  struct Loop {
    std::atomic<bool> alive = true;
    std::atomic<int> rings = 0;
  };
  std::atomic<bool> stop = false;
  std::thread ringer([&] {
    while (!stop) ringers.ring(3);
  });
  for (int i = 0; i < 200; i++) {
    Loop loop;
    ringers.set(3, {[](void* context) {
                      auto* rung = static_cast<Loop*>(context);
                      EXPECT_TRUE(rung->alive.load());
                      rung->rings++;
                    },
                    &loop});
    while (loop.rings == 0) std::this_thread::yield();
    ringers.set(3, {});
    loop.alive = false;
  }
  stop = true;
  ringer.join();
}

#ifdef __linux__
#  ifdef __linux__
cpu_set_t allowed_cores() {
  cpu_set_t cores;
  EXPECT_EQ(sched_getaffinity(0, sizeof cores, &cores), 0);
  return cores;
}

TEST(OsThread, MovesToAnotherCoreAndMayUseAllAsBefore) {
  const cpu_set_t before = allowed_cores();
  EXPECT_EQ(move_to_other_core(), usable_cores() > 1);
  const cpu_set_t after = allowed_cores();
  EXPECT_TRUE(CPU_EQUAL(&before, &after));
}

TEST(OsThread, StaysWhereThereIsOneCoreOnly) {
  std::thread([] {
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(static_cast<size_t>(sched_getcpu()), &one);
    // The thread may have been moved in between.
    if (sched_setaffinity(0, sizeof one, &one) == 0) {
      EXPECT_FALSE(move_to_other_core());
    }
    const cpu_set_t after = allowed_cores();
    EXPECT_TRUE(CPU_EQUAL(&one, &after));
  }).join();
}
#  endif

TEST(Seat, IsNotLeftAgainAtOnce) {
  std::thread([] {
    const int64_t start = monotonic_ns();
    const bool moved = Seat::own().leave();
    EXPECT_EQ(moved, usable_cores() > 1);
    const bool again = Seat::own().leave();
    // A thread that lost its core for milliseconds may, in the middle of its move, too.
    if (monotonic_ns() - start < 2'000'000) {
      EXPECT_FALSE(again);
    }
  }).join();
}

TEST(Seat, IsWantedByNobodyAtFirst) {
  std::thread([] { EXPECT_FALSE(Seat::own().is_wanted()); }).join();
}

TEST(OsThread, NamesAreCutBetweenCharacters) {
  std::thread([] {
    auto name_for = [](const char* name) {
      set_thread_name(name);
      char found[64] = {};
      pthread_getname_np(pthread_self(), found, sizeof found);
      return std::string(found);
    };
    EXPECT_EQ(name_for("worker"), "worker");
    EXPECT_EQ(name_for("0123456789abcdefgh"), "0123456789abcde");
    // ä is two bytes; the fifteenth would be its first.
    EXPECT_EQ(name_for("0123456789abcd\xC3\xA4"), "0123456789abcd");
    EXPECT_EQ(name_for(""), "");
  }).join();
}
#endif

}  // namespace

}  // namespace heddle

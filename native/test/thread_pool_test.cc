// The pool runs every task and every block exactly once, whoever helps, and lets nobody wait for ever.
#include "core/thread_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <numeric>
#include <thread>
#include <vector>

namespace heddle {
namespace {

struct Counting : ThreadPool::Task {
  explicit Counting(size_t blocks) : counts(blocks) {
    run = [](ThreadPool::Task& task, ThreadPool& pool) {
      auto& self = static_cast<Counting&>(task);
      pool.for_each(
          self.counts.size(),
          [](void* context, size_t block) { static_cast<Counting*>(context)->counts[block]++; }, &self);
      self.total = std::accumulate(self.counts.begin(), self.counts.end(), 0);
      self.done.store(true, std::memory_order_release);
    };
  }
  // Plain: what the helpers write must be seen by the leader.
  std::vector<int> counts;
  int total = 0;
  std::atomic<bool> done{false};
};

class ThreadPoolTest : public testing::TestWithParam<unsigned> {};
INSTANTIATE_TEST_SUITE_P(OfThreads, ThreadPoolTest, testing::Values(1U, 2U, 5U));

TEST_P(ThreadPoolTest, RunsEveryBlockOnce) {
  ThreadPool pool(GetParam());
  ASSERT_EQ(pool.threads(), GetParam());
  for (const size_t blocks : {0, 1, 2, 3, 100, 1000}) {
    Counting task(blocks);
    ASSERT_TRUE(pool.post(task));
    EXPECT_TRUE(pool.help(task.done, Deadline::never()));
    EXPECT_EQ(task.total, static_cast<int>(blocks));
    for (const int count : task.counts) EXPECT_EQ(count, 1);
  }
}

TEST_P(ThreadPoolTest, ServesSeveralPostersAtOnce) {
  ThreadPool pool(GetParam());
  std::vector<std::thread> posters;
  std::atomic<int> total{0};
  for (int i = 0; i < 4; i++) {
    posters.emplace_back([&] {
      for (int round = 0; round < 50; round++) {
        Counting task(64);
        if (!pool.post(task)) return;
        while (!pool.help(task.done, Deadline::after_ms(1))) {
        }
        total += task.total;
      }
    });
  }
  for (std::thread& poster : posters) poster.join();
  EXPECT_EQ(total.load(), 4 * 50 * 64);
}

TEST(ThreadPool, RunsWhatIsPostedBeforeItsEnd) {
  std::vector<std::unique_ptr<Counting>> tasks;
  {
    ThreadPool pool(2);
    for (int i = 0; i < 100; i++) {
      tasks.push_back(std::make_unique<Counting>(7));
      ASSERT_TRUE(pool.post(*tasks.back()));
    }
  }
  for (const auto& task : tasks) EXPECT_EQ(task->total, 7);
}

TEST(ThreadPool, HelpComesBackAtItsDeadline) {
  ThreadPool pool(1);
  const std::atomic<bool> never{false};
  EXPECT_FALSE(pool.help(never, Deadline::after_ms(1)));
  EXPECT_FALSE(pool.help(never, Deadline::after_ms(0)));
}

TEST(ThreadPool, WithoutThreadsRefusesTasks) {
  ThreadPool pool(0);
  Counting task(1);
  EXPECT_FALSE(pool.post(task));
}

TEST(ThreadPool, IsOneForAllWhoShareIt) {
  const std::shared_ptr<ThreadPool> first = ThreadPool::shared();
  EXPECT_EQ(ThreadPool::shared(), first);
  EXPECT_GE(first->threads(), 1U);
}

}  // namespace
}  // namespace heddle

// The process's own OS threads, without isolates: they run tasks, and share the blocks of a task's loops.
//
// A task runs on one thread, its leader. Within it, for_each() offers a loop's blocks to whoever is
// free, takes part itself, and returns when every block is done:
//
//   post(task) ──▶ tasks_ ──▶ leader: for_each ──▶ regions_ ──▶ helpers: idle threads of the pool, and
//                                 └── claims blocks too              callers that wait in help()
//
// Why nobody waits for ever: blocks are claimed one by one from a counter, a block never waits for
// another, and the leader claims until none is left. So each claimed block ends, and a leader without
// any helper does all of them. Loops of several tasks are served side by side.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "deadline.h"
#include "os_thread.h"

namespace heddle {

class ThreadPool {
 public:
  // What a thread of the pool runs. Belongs to its poster, who may delete it as soon as `run` has
  // made that known: the pool does not look at it after.
  struct Task {
    void (*run)(Task& task, ThreadPool& pool) = nullptr;
    Task* next = nullptr;
  };

  // As many threads as asked for, or fewer where the system refuses.
  explicit ThreadPool(unsigned threads);
  // Joins the threads. Every task must have been run.
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  // The pool of this process, with a thread for each core that it may use: started for the first who
  // asks, joined when the last lets go of it.
  [[nodiscard]] static std::shared_ptr<ThreadPool> shared();

  [[nodiscard]] size_t threads() const { return threads_.size(); }

  // False, and nothing is done, when the pool has no thread.
  [[nodiscard]] bool post(Task& task);

  // From a task: calls body(context, block) for each block of [0, count), on any threads, and returns
  // when all have returned. What they wrote is seen by the caller.
  void for_each(size_t count, void (*body)(void* context, size_t block), void* context);

  // Helps with loops, of whichever task, until `done` or the deadline; returns `done`. For a thread
  // that waits for a task, which sets `done` before its `run` returns.
  bool help(const std::atomic<bool>& done, Deadline deadline);

 private:
  // A loop under way; on its leader's stack.
  struct Region {
    void (*body)(void*, size_t);
    void* context;
    size_t count;
    std::atomic<size_t> next{0};
    // Under mutex_: threads besides the leader that may still touch the region.
    size_t helpers = 0;
    Region* following = nullptr;

    [[nodiscard]] bool exhausted() const { return next.load(std::memory_order_relaxed) >= count; }
    // Claims one block and runs it. False when there was none.
    bool step();
  };

  static void enter(void* pool);
  void work();
  Region* open_region();
  void unlink(Region& region);
  void help_with(Region& region, std::unique_lock<std::mutex>& lock, const std::atomic<bool>* done,
                 Deadline deadline);

  std::vector<std::unique_ptr<OsThread>> threads_;

  std::mutex mutex_;
  // Something to run, or stopping_: for threads of the pool.
  std::condition_variable work_;
  // A task has ended, or a loop has begun: for those in help().
  std::condition_variable waiters_;
  // The last helper of a region has left: for its leader.
  std::condition_variable helpers_gone_;
  // Under mutex_.
  Task* first_task_ = nullptr;
  Task* last_task_ = nullptr;
  Region* regions_ = nullptr;
  bool stopping_ = false;
};

}  // namespace heddle

// See thread_pool.h.
#include "thread_pool.h"

#include <algorithm>
#include <chrono>

namespace heddle {

bool ThreadPool::Region::step() {
  const size_t block = next.fetch_add(1, std::memory_order_relaxed);
  if (block >= count) return false;
  body(context, block);
  return true;
}

ThreadPool::ThreadPool(unsigned threads) {
  threads_.reserve(threads);
  for (unsigned i = 0; i < threads; i++) {
    auto thread = std::make_unique<OsThread>();
    if (!thread->start(enter, this)) break;
    threads_.push_back(std::move(thread));
  }
}

ThreadPool::~ThreadPool() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  work_.notify_all();
  for (const auto& thread : threads_) thread->join();
}

std::shared_ptr<ThreadPool> ThreadPool::shared() {
  struct Shared {
    std::mutex mutex;
    std::weak_ptr<ThreadPool> pool;
  };
  // Never destroyed: at the end of the process threads may still use it.
  static auto* shared = new Shared;
  const std::lock_guard lock(shared->mutex);
  std::shared_ptr<ThreadPool> pool = shared->pool.lock();
  if (pool == nullptr) {
    pool = std::make_shared<ThreadPool>(std::max(1U, usable_cores()));
    shared->pool = pool;
  }
  return pool;
}

bool ThreadPool::post(Task& task) {
  if (threads_.empty()) return false;
  task.next = nullptr;
  {
    const std::lock_guard lock(mutex_);
    (last_task_ == nullptr ? first_task_ : last_task_->next) = &task;
    last_task_ = &task;
  }
  work_.notify_one();
  return true;
}

void ThreadPool::for_each(size_t count, void (*body)(void*, size_t), void* context) {
  if (count == 0) return;
  Region region{.body = body, .context = context, .count = count};
  const bool shared = count > 1;
  if (shared) {
    // A thread more than there are cores would only take turns with the others.
    const size_t wanted = std::min(count, threads_.size()) - 1;
    const std::lock_guard lock(mutex_);
    Region** end = &regions_;
    while (*end != nullptr) end = &(*end)->following;
    *end = &region;
    for (size_t i = 0; i < wanted; i++) work_.notify_one();
    waiters_.notify_one();
  }
  while (region.step()) {
  }
  if (!shared) return;
  std::unique_lock lock(mutex_);
  unlink(region);
  // Acquired from the helpers' last unlock: their writes are seen.
  helpers_gone_.wait(lock, [&] { return region.helpers == 0; });
}

bool ThreadPool::help(const std::atomic<bool>& done, Deadline deadline) {
  std::unique_lock lock(mutex_);
  while (!done.load(std::memory_order_acquire) && !deadline.passed()) {
    if (Region* region = open_region(); region != nullptr) {
      help_with(*region, lock, &done, deadline);
    } else if (deadline.is_never()) {
      waiters_.wait(lock);
    } else {
      waiters_.wait_for(lock, std::chrono::nanoseconds(deadline.left_ns()));
    }
  }
  return done.load(std::memory_order_acquire);
}

void ThreadPool::enter(void* pool) {
  set_thread_name("heddle-kernel");
  static_cast<ThreadPool*>(pool)->work();
}

void ThreadPool::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    // Loops before tasks: what has begun ends sooner, and holds its memory for less long.
    if (Region* region = open_region(); region != nullptr) {
      help_with(*region, lock, nullptr, Deadline::never());
    } else if (Task* task = first_task_; task != nullptr) {
      first_task_ = task->next;
      if (first_task_ == nullptr) last_task_ = nullptr;
      lock.unlock();
      task->run(*task, *this);
      lock.lock();
      waiters_.notify_all();
    } else if (stopping_) {
      return;
    } else {
      work_.wait(lock);
    }
  }
}

// A loop that has blocks left and room for another thread; it goes to the end of the line, so that
// loops of several tasks get their share each. Under mutex_.
ThreadPool::Region* ThreadPool::open_region() {
  for (Region* region = regions_; region != nullptr; region = region->following) {
    if (region->exhausted() || region->helpers + 1 >= threads_.size()) continue;
    if (region->following != nullptr) {
      unlink(*region);
      Region** end = &regions_;
      while (*end != nullptr) end = &(*end)->following;
      *end = region;
    }
    return region;
  }
  return nullptr;
}

void ThreadPool::unlink(Region& region) {
  Region** place = &regions_;
  while (*place != &region) place = &(*place)->following;
  *place = region.following;
  region.following = nullptr;
}

void ThreadPool::help_with(Region& region, std::unique_lock<std::mutex>& lock, const std::atomic<bool>* done,
                           Deadline deadline) {
  region.helpers++;
  lock.unlock();
  while (region.step()) {
    if (done != nullptr && (done->load(std::memory_order_acquire) || deadline.passed())) break;
  }
  lock.lock();
  // The region is its leader's stack: not to be touched once the leader can see 0.
  if (!region.exhausted()) work_.notify_one();
  if (--region.helpers == 0) helpers_gone_.notify_all();
}

}  // namespace heddle

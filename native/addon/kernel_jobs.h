// The kernels that an isolate has given to the pool of threads.
//
// Their operands are memory of the isolate. What keeps it there while a kernel runs: the TypeScript of
// lib/parallel refers to the arrays until it has taken the kernel's outcome, and an isolate that ends
// first waits for its kernels, told to stop, in a cleanup hook of its environment: then its memory is
// still whole, and no other kernel can begin.
//
// Life of a job: start() makes it and posts it; a thread of the pool runs it, finishes it, and does not
// look at it again; wait() or take_finished(), both of the isolate's own thread, delete it.
#pragma once

#include <node_api.h>

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <unordered_map>
#include <vector>

#include "../core/kernels/kernels.h"
#include "../core/layout.h"
#include "../core/thread_pool.h"
#include "loop_bell.h"

namespace heddle::addon {

class KernelJobs {
 public:
  // Null, with an exception pending, when Node refuses. Deletes itself with the environment's hook;
  // `*owner` is null from then on.
  static KernelJobs* open(napi_env env, KernelJobs** owner);
  KernelJobs(const KernelJobs&) = delete;
  KernelJobs& operator=(const KernelJobs&) = delete;

  // The function to call when jobs of the loop have finished.
  [[nodiscard]] napi_status answer_with(napi_env env, napi_value callback);

  // Runs the kernel in the pool, under a number of the caller's. `rings`: the loop is told when it has
  // finished, else the caller waits for it. Without any thread in the pool it runs here and now.
  void start(int32_t number, const KernelRequest& request, bool rings);
  // Takes part in the pool's work until the job has finished, or the time has passed. True: finished, and
  // the number is free. Also true for a number that does not run.
  [[nodiscard]] bool wait(int32_t number, double timeout_ms);
  // Numbers of jobs that have finished, now free; as many as fit.
  [[nodiscard]] size_t take_finished(std::span<int32_t> numbers);

 private:
  struct Job : ThreadPool::Task {
    KernelJobs* owner = nullptr;
    int32_t number = 0;
    bool rings = false;
    KernelRequest request;
    std::atomic<bool> done{false};
  };

  KernelJobs() : pool_(ThreadPool::shared()) {}
  ~KernelJobs() = default;
  static void run(ThreadPool::Task& task, ThreadPool& pool);
  static void on_cleanup(void* jobs);
  void finish(Job& job);
  void close();

  std::shared_ptr<ThreadPool> pool_;
  LoopBell bell_;
  KernelJobs** owner_ = nullptr;
  // Of the isolate's own thread.
  std::unordered_map<int32_t, std::unique_ptr<Job>> jobs_;

  std::mutex mutex_;
  std::condition_variable none_runs_;
  // Under mutex_.
  size_t running_ = 0;
  std::vector<int32_t> finished_;
};

}  // namespace heddle::addon

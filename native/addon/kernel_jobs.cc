// See kernel_jobs.h.
#include "kernel_jobs.h"

#include <algorithm>

namespace heddle::addon {

KernelJobs* KernelJobs::open(napi_env env, KernelJobs** owner) {
  auto* jobs = new KernelJobs;
  if (!jobs->bell_.open(env)) {
    delete jobs;
    return nullptr;
  }
  // Cleanup hooks run newest first: this one before that of the threadsafe function within the bell.
  if (napi_add_env_cleanup_hook(env, on_cleanup, jobs) != napi_ok) {
    jobs->bell_.close();
    delete jobs;
    napi_throw_error(env, nullptr, "Node accepts no cleanup hook: the thread is ending");
    return nullptr;
  }
  jobs->owner_ = owner;
  *owner = jobs;
  return jobs;
}

napi_status KernelJobs::answer_with(napi_env env, napi_value callback) {
  return bell_.answer_with(env, callback);
}

void KernelJobs::start(int32_t number, const KernelRequest& request, bool rings) {
  auto job = std::make_unique<Job>();
  job->Task::run = run;
  job->owner = this;
  job->number = number;
  job->rings = rings;
  job->request = request;
  Job& started = *job;
  jobs_[number] = std::move(job);
  {
    const std::lock_guard lock(mutex_);
    running_++;
  }
  if (pool_->post(started)) return;
  run_kernel(request, nullptr);
  finish(started);
}

void KernelJobs::run(ThreadPool::Task& task, ThreadPool& pool) {
  auto& job = static_cast<Job&>(task);
  run_kernel(job.request, &pool);
  job.owner->finish(job);
}

// On the thread that has run the job.
void KernelJobs::finish(Job& job) {
  if (job.rings) {
    {
      const std::lock_guard lock(mutex_);
      finished_.push_back(job.number);
    }
    // From here on the loop may delete the job.
    bell_.ring();
  } else {
    job.done.store(true, std::memory_order_release);
  }
  // As the last thing: once none runs, all this may be gone.
  const std::lock_guard lock(mutex_);
  if (--running_ == 0) none_runs_.notify_all();
}

bool KernelJobs::wait(int32_t number, double timeout_ms) {
  const auto found = jobs_.find(number);
  if (found == jobs_.end()) return true;
  if (!pool_->help(found->second->done, Deadline::after_ms(timeout_ms))) return false;
  jobs_.erase(found);
  return true;
}

size_t KernelJobs::take_finished(std::span<int32_t> numbers) {
  size_t count = 0;
  {
    const std::lock_guard lock(mutex_);
    count = std::min(numbers.size(), finished_.size());
    std::copy_n(finished_.begin(), count, numbers.begin());
    finished_.erase(finished_.begin(), finished_.begin() + static_cast<ptrdiff_t>(count));
  }
  for (const int32_t number : numbers.first(count)) jobs_.erase(number);
  return count;
}

void KernelJobs::on_cleanup(void* jobs) {
  auto* closing = static_cast<KernelJobs*>(jobs);
  closing->close();
  *closing->owner_ = nullptr;
  // The last one to let go of the pool joins its threads here.
  delete closing;
}

void KernelJobs::close() {
  for (const auto& [number, job] : jobs_) {
    std::atomic_ref<int32_t>(job->request.control[layout::KernelControl::CANCEL]).store(1);
  }
  {
    std::unique_lock lock(mutex_);
    none_runs_.wait(lock, [this] { return running_ == 0; });
  }
  bell_.close();
}

}  // namespace heddle::addon

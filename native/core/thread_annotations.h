// Clang's thread-safety annotations, for locks that live in this process. Objects in the arena are
// protected by a Guard instead, and functions that need it held take it as a parameter.
#pragma once

#include <mutex>

#if defined(__clang__)
#  define HEDDLE_CAPABILITY(name) __attribute__((capability(name)))
#  define HEDDLE_SCOPED_CAPABILITY __attribute__((scoped_lockable))
#  define HEDDLE_GUARDED_BY(lock) __attribute__((guarded_by(lock)))
#  define HEDDLE_ACQUIRE(...) __attribute__((acquire_capability(__VA_ARGS__)))
#  define HEDDLE_RELEASE(...) __attribute__((release_capability(__VA_ARGS__)))
#else
#  define HEDDLE_CAPABILITY(name)
#  define HEDDLE_SCOPED_CAPABILITY
#  define HEDDLE_GUARDED_BY(lock)
#  define HEDDLE_ACQUIRE(...)
#  define HEDDLE_RELEASE(...)
#endif

namespace heddle {

class HEDDLE_CAPABILITY("mutex") LocalMutex {
 public:
  void lock() HEDDLE_ACQUIRE() { mutex_.lock(); }
  void unlock() HEDDLE_RELEASE() { mutex_.unlock(); }

 private:
  std::mutex mutex_;
};

class HEDDLE_SCOPED_CAPABILITY LocalLock {
 public:
  explicit LocalLock(LocalMutex& mutex) HEDDLE_ACQUIRE(mutex) : mutex_(mutex) { mutex_.lock(); }
  ~LocalLock() HEDDLE_RELEASE() { mutex_.unlock(); }
  LocalLock(const LocalLock&) = delete;
  LocalLock& operator=(const LocalLock&) = delete;

 private:
  LocalMutex& mutex_;
};

}  // namespace heddle

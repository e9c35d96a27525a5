// The calling thread and process as the operating system knows them.
#pragma once

#ifndef _WIN32
#  include <pthread.h>
#endif

#include <cstdint>

namespace heddle {

[[nodiscard]] int32_t process_id();
[[nodiscard]] int32_t native_thread_id();
// Names the calling OS thread. `name` is UTF-8 and is cut, between characters, to what the system
// allows: 15 bytes on Linux, 63 on macOS.
void set_thread_name(const char* name);
// Cores that this process may use, which taskset and containers make fewer than the machine has.
[[nodiscard]] unsigned usable_cores();

// Lets other threads that are ready have the calling thread's core; returns at once when there are none.
void yield_core();
// Has the system move the calling thread to another of the cores it may use, for now. False when there is
// none, or no way to.
[[nodiscard]] bool move_to_other_core();

// A thread of our own, without an isolate. std::thread would end the process where the system has no
// thread to give.
class OsThread {
 public:
  OsThread() = default;
  OsThread(const OsThread&) = delete;
  OsThread& operator=(const OsThread&) = delete;
  // False when the system refuses. Signals go to other threads.
  [[nodiscard]] bool start(void (*run)(void*), void* argument);
  void join();

 private:
  struct Entry {
    void (*run)(void*);
    void* argument;
  };
  Entry entry_{};
#ifdef _WIN32
  static unsigned long __stdcall enter(void* entry);
  void* handle_ = nullptr;
#else
  static void* enter(void* entry);
  pthread_t handle_{};
#endif
};

}  // namespace heddle

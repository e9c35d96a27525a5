// See os_thread.h.
#include "os_thread.h"

#ifdef _WIN32
#  define WIN32_LEAN_AND_MEAN
#  ifndef NOMINMAX
#    define NOMINMAX
#  endif
#  include <windows.h>
#else
#  include <sched.h>
#  include <signal.h>
#  include <unistd.h>
#endif

#ifdef __linux__
#  include <sys/prctl.h>
#  include <sys/syscall.h>
#endif

#include <cstddef>
#include <cstring>

namespace heddle {

namespace {

#ifndef _WIN32
// Bytes of `name`, at most `limit`, that end between two characters.
size_t cut(const char* name, size_t limit) {
  size_t length = std::strlen(name);
  if (length <= limit) return length;
  length = limit;
  // 10xxxxxx continues a character.
  while (length > 0 && (static_cast<unsigned char>(name[length]) & 0xC0) == 0x80) length--;
  return length;
}
#endif

}  // namespace

unsigned usable_cores() {
#ifdef __linux__
  cpu_set_t cores;
  if (sched_getaffinity(0, sizeof cores, &cores) == 0) {
    return static_cast<unsigned>(CPU_COUNT(&cores));
  }
#endif
#ifdef _WIN32
  return GetActiveProcessorCount(ALL_PROCESSOR_GROUPS);
#else
  const long online = sysconf(_SC_NPROCESSORS_ONLN);
  return online < 1 ? 1 : static_cast<unsigned>(online);
#endif
}

void yield_core() {
#ifdef _WIN32
  SwitchToThread();
#else
  sched_yield();
#endif
}

bool move_to_other_core() {
#ifdef __linux__
  cpu_set_t allowed;
  const int current = sched_getcpu();
  if (current < 0 || sched_getaffinity(0, sizeof allowed, &allowed) != 0) return false;
  cpu_set_t others = allowed;
  CPU_CLR(static_cast<size_t>(current), &others);
  if (CPU_COUNT(&others) == 0 || sched_setaffinity(0, sizeof others, &others) != 0) return false;
  return sched_setaffinity(0, sizeof allowed, &allowed) == 0;
#else
  return false;
#endif
}

#ifdef _WIN32

unsigned long __stdcall OsThread::enter(void* entry) {
  const Entry begun = *static_cast<Entry*>(entry);
  begun.run(begun.argument);
  return 0;
}

bool OsThread::start(void (*run)(void*), void* argument) {
  entry_ = {run, argument};
  handle_ = CreateThread(nullptr, 0, enter, &entry_, 0, nullptr);
  return handle_ != nullptr;
}

void OsThread::join() {
  WaitForSingleObject(handle_, INFINITE);
  CloseHandle(handle_);
}

int32_t process_id() {
  return static_cast<int32_t>(GetCurrentProcessId());
}

int32_t native_thread_id() {
  return static_cast<int32_t>(GetCurrentThreadId());
}

void set_thread_name(const char* name) {
  // Looked up: Windows has it from 10, version 1607, on.
  using SetThreadDescription = HRESULT(WINAPI*)(HANDLE, PCWSTR);
  static const auto set = reinterpret_cast<SetThreadDescription>(
      reinterpret_cast<void*>(GetProcAddress(GetModuleHandleW(L"kernel32.dll"), "SetThreadDescription")));
  wchar_t wide[128];
  constexpr int kLongest = sizeof wide / sizeof *wide - 1;
  int length = MultiByteToWideChar(CP_UTF8, 0, name, -1, wide, kLongest);
  if (set != nullptr && length > 0) set(GetCurrentThread(), wide);
}

#else

void* OsThread::enter(void* entry) {
  const Entry begun = *static_cast<Entry*>(entry);
  begun.run(begun.argument);
  return nullptr;
}

bool OsThread::start(void (*run)(void*), void* argument) {
  entry_ = {run, argument};
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  const int refusal = pthread_create(&handle_, nullptr, enter, &entry_);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return refusal == 0;
}

void OsThread::join() {
  pthread_join(handle_, nullptr);
}

int32_t process_id() {
  return static_cast<int32_t>(getpid());
}

int32_t native_thread_id() {
#  if defined(__linux__)
  return static_cast<int32_t>(syscall(SYS_gettid));
#  elif defined(__APPLE__)
  uint64_t id = 0;
  pthread_threadid_np(nullptr, &id);
  return static_cast<int32_t>(id);
#  else
  return 0;
#  endif
}

void set_thread_name(const char* name) {
#  if defined(__linux__)
  char short_name[16] = {};
  std::memcpy(short_name, name, cut(name, sizeof short_name - 1));
  prctl(PR_SET_NAME, short_name);
#  elif defined(__APPLE__)
  char short_name[64] = {};
  std::memcpy(short_name, name, cut(name, sizeof short_name - 1));
  pthread_setname_np(short_name);
#  else
  (void)name;
  (void)cut;
#  endif
}

#endif

}  // namespace heddle

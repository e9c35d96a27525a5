// See os_process.h.
#include "os_process.h"

#ifdef __linux__
#  include <fcntl.h>
#  include <signal.h>
#  include <sys/syscall.h>
#  include <sys/wait.h>
#  include <unistd.h>

#  include <cerrno>
#  include <cstdio>
#  include <cstdlib>
#  include <cstring>
#endif

namespace heddle {

#ifdef __linux__

namespace {

// State letter of the first thread, number of threads and start time from /proc/PID/stat.
struct ProcessStat {
  char state = 0;
  long threads = 0;
  uint64_t start_time = 0;
};

bool read_stat(int32_t pid, ProcessStat& stat) {
  char path[32];
  std::snprintf(path, sizeof path, "/proc/%d/stat", pid);
  const int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return false;
  char text[512];
  const ssize_t length = read(file, text, sizeof text - 1);
  close(file);
  if (length <= 0) return false;
  text[length] = '\0';
  // The second field, in parentheses, is a name that may hold anything.
  const char* at = std::strrchr(text, ')');
  if (at == nullptr || at[1] != ' ') return false;
  at += 2;
  stat.state = *at;
  // From the third field on to the 22nd.
  for (int field = 3; field < 22; field++) {
    at = std::strchr(at, ' ');
    if (at == nullptr) return false;
    at++;
    if (field == 19) stat.threads = std::strtol(at, nullptr, 10);
  }
  stat.start_time = std::strtoull(at, nullptr, 10);
  return true;
}

}  // namespace

uint64_t process_start_time(int32_t pid) {
  ProcessStat stat;
  return read_stat(pid, stat) ? stat.start_time : 0;
}

bool process_has_ended(int32_t pid, uint64_t start_time) {
  ProcessStat stat;
  if (read_stat(pid, stat)) {
    if (start_time != 0 && stat.start_time != start_time) return true;
    // The first thread may have ended while others still run, be it for the last few instructions.
    return (stat.state == 'Z' || stat.state == 'X') && stat.threads <= 1;
  }
  return kill(pid, 0) != 0 && errno == ESRCH;
}

int open_process(int32_t pid) {
  // By number: neither the C library nor the headers of old distributions know it.
  constexpr long kPidfdOpen = 434;
  return static_cast<int>(syscall(kPidfdOpen, pid, 0));
}

ChildStatus child_status(int32_t pid, int32_t& code) {
  siginfo_t info{};
  int result = 0;
  do {
    // Nobody is waited for: Node's loop, which started the process, does that.
    result = waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG | WNOWAIT);
  } while (result != 0 && errno == EINTR);
  if (result != 0) return ChildStatus::kUnknown;
  if (info.si_pid == 0) return ChildStatus::kRunning;
  code = info.si_code == CLD_EXITED ? info.si_status : -info.si_status;
  return ChildStatus::kEnded;
}

void signal_process(int32_t pid, int signal) {
  kill(pid, signal);
}

#else

uint64_t process_start_time(int32_t) {
  return 0;
}
bool process_has_ended(int32_t, uint64_t) {
  return false;
}
int open_process(int32_t) {
  return -1;
}
ChildStatus child_status(int32_t, int32_t&) {
  return ChildStatus::kUnknown;
}
void signal_process(int32_t, int) {}

#endif

}  // namespace heddle

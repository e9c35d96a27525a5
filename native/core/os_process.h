// Other processes as the operating system knows them. Linux; elsewhere heddle's processes share no
// memory, and nothing here is called.
#pragma once

#include <cstdint>

namespace heddle {

// When a process started, in clock ticks since boot: with the identifier it names a process for good. 0
// when the system does not tell, or there is no such process.
[[nodiscard]] uint64_t process_start_time(int32_t pid);

// Whether a process has ended; one that nobody has waited for has, too. `start_time` 0: not known.
[[nodiscard]] bool process_has_ended(int32_t pid, uint64_t start_time);

// A descriptor that becomes readable when the process ends; -1 when there is none to be had.
[[nodiscard]] int open_process(int32_t pid);

enum class ChildStatus : uint8_t {
  kRunning,
  // `code`: its exit code, or the negative number of the signal that killed it. It can be asked for again.
  kEnded,
  // No child of this process, or somebody has waited for it.
  kUnknown,
};
[[nodiscard]] ChildStatus child_status(int32_t pid, int32_t& code);

void signal_process(int32_t pid, int signal);

}  // namespace heddle

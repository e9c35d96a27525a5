// The calling thread and process as the operating system knows them.
#pragma once

#include <cstdint>

namespace heddle {

[[nodiscard]] int32_t process_id();
[[nodiscard]] int32_t native_thread_id();
// Names the calling OS thread. `name` is UTF-8 and is cut, between characters, to what the system
// allows: 15 bytes on Linux, 63 on macOS.
void set_thread_name(const char* name);

}  // namespace heddle

// Segments of shared memory by name, as POSIX has them: files of /dev/shm, which is where shm_open() of every
// Linux C library puts them. Unrelated processes share what they map under the same name.
//
// A segment comes into being whole: its memory is committed before it has its name, so that nobody finds one
// that is too short, and writing to it never fails for want of memory.
#pragma once

#include <cstddef>
#include <cstdint>

namespace heddle {

struct Segment {
  std::byte* base = nullptr;
  uint64_t bytes = 0;
};

// These return 0 or an errno; ENOTSUP where there is no /dev/shm. The name has no slash.
//
// EEXIST: there is one of that name. ENOSPC: it does not fit /dev/shm. `track`: see segment_tracker.h.
[[nodiscard]] int create_segment(const char* name, uint64_t bytes, bool track, Segment& segment);
// ENOENT: there is none of that name. The segment is as long as it was made.
[[nodiscard]] int attach_segment(const char* name, Segment& segment);
// Takes the name away; who has the segment mapped keeps it.
[[nodiscard]] int unlink_segment(const char* name);

void unmap_segment(const Segment& segment);

}  // namespace heddle

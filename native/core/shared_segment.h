// Segments of shared memory by name, behind one small trait; shared_segment_{linux,posix,windows}.cc
// implement it. Unrelated processes share what they map under the same name.
//
// On Linux a segment comes into being whole: its memory is committed before it has its name, so that nobody
// finds one that is too short, and writing to it never fails for want of memory.
#pragma once

#include <cstddef>
#include <cstdint>

namespace heddle {

struct Segment {
  std::byte* base = nullptr;
  uint64_t bytes = 0;
};

// These return 0 or an errno. The name has no slash.
//
// EEXIST: there is one of that name. ENOSPC: it does not fit /dev/shm. `track`: the name goes when this
// process ends: on Linux however it ends (see segment_tracker.h), elsewhere when it ends by itself; on
// Windows it does anyway.
[[nodiscard]] int create_segment(const char* name, uint64_t bytes, bool track, Segment& segment);
// ENOENT: there is none of that name. The segment is as long as it was made.
[[nodiscard]] int attach_segment(const char* name, Segment& segment);
// Takes the name away; who has the segment mapped keeps it. Does nothing on Windows, where the name goes with
// the last of them.
[[nodiscard]] int unlink_segment(const char* name);

// This process uses what is mapped there no more, though it stays so for a while: on Windows, its part in the
// name ends.
void leave_segment(const void* base);
void unmap_segment(const Segment& segment);

}  // namespace heddle

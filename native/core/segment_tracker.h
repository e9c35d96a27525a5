// Takes away the names of the segments that this process made and left behind, however it ended.
//
//   this process ──── "+ number name", "- number name" ────► a shell that reads until its input ends
//                                                            └─► removes what is left on its list
//
// The shell's input ends when this process does, by SIGKILL too: nobody else holds the other side. A file is
// removed only if it is the very one that was made (by its inode number), so a name that others have taken
// meanwhile stays. The shell is started with the first segment, once per process, ignores the signals of a
// terminal, and is started again, and told all, should somebody have killed it.
#pragma once

#include <cstdint>

namespace heddle {

// 0, or the errno for which there is no tracker; the segment is not tracked then.
[[nodiscard]] int track_segment(uint64_t inode, const char* name);
void forget_segment(uint64_t inode, const char* name);

}  // namespace heddle

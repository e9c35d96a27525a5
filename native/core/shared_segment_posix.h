// What named segments of all POSIX systems have in common.
#pragma once

#include <unistd.h>

#include "shared_segment.h"

namespace heddle {

// Closes a file when it goes.
class File {
 public:
  explicit File(int descriptor) : descriptor_(descriptor) {}
  ~File() {
    if (descriptor_ >= 0) close(descriptor_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  [[nodiscard]] int get() const { return descriptor_; }

 private:
  int descriptor_;
};

// 0 or an errno.
[[nodiscard]] int map_segment(int file, uint64_t bytes, Segment& segment);

}  // namespace heddle

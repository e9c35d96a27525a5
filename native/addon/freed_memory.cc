// See freed_memory.h.
#include "freed_memory.h"

#include <cstdlib>
#include <initializer_list>

#ifdef __GLIBC__
#  include <malloc.h>
#endif

namespace heddle::addon {

#ifdef __GLIBC__

namespace {

// The highest that glibc raises them to.
constexpr int kMmapThreshold = 32 * 1024 * 1024;
constexpr int kTrimThreshold = 2 * kMmapThreshold;

bool raise_thresholds() {
  for (const char* name : {"MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_", "GLIBC_TUNABLES"}) {
    if (std::getenv(name) != nullptr) return false;
  }
  mallopt(M_MMAP_THRESHOLD, kMmapThreshold);
  mallopt(M_TRIM_THRESHOLD, kTrimThreshold);
  return true;
}

}  // namespace

void keep_freed_memory() {
  [[maybe_unused]] static const bool raised = raise_thresholds();
}

#else

void keep_freed_memory() {}

#endif

}  // namespace heddle::addon

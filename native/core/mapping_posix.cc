// Sparse shared memory on POSIX systems: a memfd on Linux, anonymous shared memory elsewhere.
#ifndef _WIN32

#  include <sys/mman.h>
#  include <unistd.h>

#  ifdef __linux__
#    include <fcntl.h>
#    include <linux/memfd.h>
#    include <sys/syscall.h>
#  endif

#  include "mapping.h"

#  ifndef MAP_ANONYMOUS
#    define MAP_ANONYMOUS MAP_ANON
#  endif
#  ifndef MAP_NORESERVE
#    define MAP_NORESERVE 0
#  endif

namespace heddle {

namespace {

#  ifdef __linux__
// By number: the C library of old distributions lacks the wrapper.
int create_memory_file() {
  return static_cast<int>(syscall(SYS_memfd_create, "heddle", MFD_CLOEXEC));
}
#  endif

}  // namespace

bool map_sparse(size_t bytes, Mapping& mapping) {
  int descriptor = -1;
  int flags = MAP_SHARED | MAP_NORESERVE;
#  ifdef __linux__
  descriptor = create_memory_file();
  if (descriptor >= 0 && ftruncate(descriptor, static_cast<off_t>(bytes)) != 0) {
    close(descriptor);
    descriptor = -1;
  }
#  endif
  if (descriptor < 0) flags |= MAP_ANONYMOUS;
  void* base = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, flags, descriptor, 0);
  if (base == MAP_FAILED) {
    if (descriptor >= 0) close(descriptor);
    return false;
  }
#  ifdef MADV_DONTDUMP
  // A core dump would hold gigabytes of nothing.
  madvise(base, bytes, MADV_DONTDUMP);
#  endif
  mapping = {static_cast<std::byte*>(base), bytes, descriptor};
  return true;
}

void unmap(Mapping& mapping) {
  if (mapping.base != nullptr) munmap(mapping.base, mapping.bytes);
  if (mapping.descriptor >= 0) close(mapping.descriptor);
  mapping = {};
}

bool commit_pages(const Mapping&, size_t, size_t) {
  return true;
}

bool discard_pages(const Mapping& mapping, size_t offset, size_t bytes) {
  std::byte* start = mapping.base + offset;
#  ifdef __linux__
  // Punches a hole in the file, for every process that maps it.
  if (madvise(start, bytes, MADV_REMOVE) == 0) return true;
  if (mapping.descriptor >= 0 && fallocate(mapping.descriptor, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                                           static_cast<off_t>(offset), static_cast<off_t>(bytes)) == 0) {
    return true;
  }
  return false;
#  else
  // A new mapping in place of the old one. Only this process maps the memory.
  return mmap(start, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE,
              -1, 0) != MAP_FAILED;
#  endif
}

}  // namespace heddle

#endif

// Sparse shared memory on POSIX systems: a memfd on Linux, anonymous shared memory elsewhere.
#ifndef _WIN32

#  include <sys/mman.h>
#  include <unistd.h>

#  ifdef __linux__
#    include <fcntl.h>
#    include <linux/memfd.h>
#    include <sys/stat.h>
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
constexpr int kGetSeals = 1034;  // F_GET_SEALS, by number for the same reason.

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

bool map_inherited(int descriptor, size_t least_bytes, Mapping& mapping, const char** refusal) {
#  ifdef __linux__
  // Out of the way of programs that expect the low numbers to be free, and not left to every program that
  // this process runs.
  constexpr int kLowest = 64;
  const int kept = fcntl(descriptor, F_DUPFD_CLOEXEC, kLowest);
  struct stat status {};
  // Only memory files have seals.
  if (kept < 0 || fcntl(kept, kGetSeals) < 0 || fstat(kept, &status) != 0) {
    *refusal = "the descriptor of the arena, which the parent process passes on, was closed or replaced";
    if (kept >= 0) close(kept);
    return false;
  }
  close(descriptor);
  const auto bytes = static_cast<size_t>(status.st_size);
  if (bytes < least_bytes) {
    *refusal = "the inherited memory is too small for an arena";
    close(kept);
    return false;
  }
  void* base = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, kept, 0);
  if (base == MAP_FAILED) {
    *refusal = "the system has not as much address space as the parent process's arena has (see `ulimit -v`)";
    close(kept);
    return false;
  }
  madvise(base, bytes, MADV_DONTDUMP);
  mapping = {static_cast<std::byte*>(base), bytes, kept};
  return true;
#  else
  (void)descriptor;
  (void)least_bytes;
  (void)mapping;
  *refusal = "processes share no memory on this system";
  return false;
#  endif
}

void unmap(Mapping& mapping) {
  if (mapping.base != nullptr) munmap(mapping.base, mapping.bytes);
  if (mapping.descriptor >= 0) close(mapping.descriptor);
  mapping = {};
}

bool commit_pages(const Mapping&, size_t, size_t) {
  return true;
}

void empty_pages(const Mapping& mapping, size_t offset, size_t bytes) {
  (void)discard_pages(mapping, offset, bytes);
}

bool discard_pages(const Mapping& mapping, size_t offset, size_t bytes) {
  std::byte* start = mapping.base + offset;
#  ifdef __linux__
  // Punches a hole in the file, for every process that maps it. By the file where there is one: emulators of
  // other processors say yes to the advice, and do nothing.
  if (mapping.descriptor >= 0 && fallocate(mapping.descriptor, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                                           static_cast<off_t>(offset), static_cast<off_t>(bytes)) == 0) {
    return true;
  }
  return madvise(start, bytes, MADV_REMOVE) == 0;
#  else
  // A new mapping in place of the old one. Only this process maps the memory.
  return mmap(start, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE,
              -1, 0) != MAP_FAILED;
#  endif
}

}  // namespace heddle

#endif

// Named segments: what all POSIX systems have in common and, but for Linux, those of shm_open(), which are no
// files that could be looked at. The system takes their memory page by page, as it is first used.
#ifndef _WIN32

#  include "shared_segment_posix.h"

#  include <fcntl.h>
#  include <sys/mman.h>
#  include <sys/stat.h>

#  include <cerrno>
#  include <cstdlib>
#  include <mutex>
#  include <set>
#  include <string>

namespace heddle {

int map_segment(int file, uint64_t bytes, Segment& segment) {
  void* base = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (base == MAP_FAILED) return errno;
  segment = {static_cast<std::byte*>(base), bytes};
  return 0;
}

void leave_segment(const void*) {}

void unmap_segment(const Segment& segment) {
  if (segment.base != nullptr) munmap(segment.base, segment.bytes);
}

#  ifndef __linux__

namespace {

// The names that go when this process ends by itself: nobody watches over how it ends.
class OwnNames {
 public:
  // Never destroyed: threads may still make segments while the process ends.
  static OwnNames& instance() {
    static OwnNames& names = *new OwnNames;
    return names;
  }
  void add(const char* name) {
    const std::lock_guard lock(mutex_);
    if (names_.empty() && !is_awaiting_exit_) {
      is_awaiting_exit_ = true;
      std::atexit([] { instance().unlink_all(); });
    }
    names_.emplace(name);
  }
  void remove(const char* name) {
    const std::lock_guard lock(mutex_);
    names_.erase(name);
  }

 private:
  void unlink_all() {
    const std::lock_guard lock(mutex_);
    for (const std::string& name : names_) shm_unlink(name.c_str());
    names_.clear();
  }

  std::mutex mutex_;
  std::set<std::string> names_;
  bool is_awaiting_exit_ = false;
};

std::string path_of(const char* name) {
  return std::string("/") + name;
}

}  // namespace

int create_segment(const char* name, uint64_t bytes, bool track, Segment& segment) {
  const std::string path = path_of(name);
  const File file(shm_open(path.c_str(), O_CREAT | O_EXCL | O_RDWR, 0600));
  if (file.get() < 0) return errno;
  // Until then attach_segment() says EAGAIN.
  int error = ftruncate(file.get(), static_cast<off_t>(bytes)) == 0 ? 0 : errno;
  if (error == 0) error = map_segment(file.get(), bytes, segment);
  if (error != 0) {
    shm_unlink(path.c_str());
  } else if (track) {
    OwnNames::instance().add(path.c_str());
  }
  return error;
}

int attach_segment(const char* name, Segment& segment) {
  const File file(shm_open(path_of(name).c_str(), O_RDWR, 0));
  if (file.get() < 0) return errno;
  struct stat status {};
  if (fstat(file.get(), &status) != 0) return errno;
  if (status.st_size == 0) return EAGAIN;
  return map_segment(file.get(), static_cast<uint64_t>(status.st_size), segment);
}

int unlink_segment(const char* name) {
  const std::string path = path_of(name);
  if (shm_unlink(path.c_str()) != 0) return errno;
  OwnNames::instance().remove(path.c_str());
  return 0;
}

#  endif

}  // namespace heddle

#endif

// Named segments on macOS: those of shm_open(), which are no files that could be looked at. The system takes
// their memory page by page, as it is first used.
#ifdef __APPLE__

#  include <fcntl.h>
#  include <sys/mman.h>
#  include <sys/stat.h>
#  include <unistd.h>

#  include <cerrno>
#  include <cstdlib>
#  include <mutex>
#  include <set>
#  include <string>

#  include "shared_segment.h"

namespace heddle {

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

int map(int descriptor, uint64_t bytes, Segment& segment) {
  void* base = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
  if (base == MAP_FAILED) return errno;
  segment = {static_cast<std::byte*>(base), bytes, nullptr};
  return 0;
}

}  // namespace

int create_segment(const char* name, uint64_t bytes, bool track, Segment& segment) {
  const std::string path = path_of(name);
  const int descriptor = shm_open(path.c_str(), O_CREAT | O_EXCL | O_RDWR, 0600);
  if (descriptor < 0) return errno;
  // Until then attach_segment() says EAGAIN.
  int error = ftruncate(descriptor, static_cast<off_t>(bytes)) == 0 ? 0 : errno;
  if (error == 0) error = map(descriptor, bytes, segment);
  close(descriptor);
  if (error != 0) {
    shm_unlink(path.c_str());
  } else if (track) {
    OwnNames::instance().add(path.c_str());
  }
  return error;
}

int attach_segment(const char* name, Segment& segment) {
  const int descriptor = shm_open(path_of(name).c_str(), O_RDWR);
  if (descriptor < 0) return errno;
  struct stat status {};
  int error = fstat(descriptor, &status) == 0 ? 0 : errno;
  if (error == 0 && status.st_size == 0) error = EAGAIN;
  if (error == 0) error = map(descriptor, static_cast<uint64_t>(status.st_size), segment);
  close(descriptor);
  return error;
}

int unlink_segment(const char* name) {
  const std::string path = path_of(name);
  if (shm_unlink(path.c_str()) != 0) return errno;
  OwnNames::instance().remove(path.c_str());
  return 0;
}

void leave_segment(Segment&) {}

void unmap_segment(const Segment& segment) {
  if (segment.base != nullptr) munmap(segment.base, segment.bytes);
}

}  // namespace heddle

#endif

// Named segments on Linux: files of /dev/shm, which is where shm_open() of every C library puts them.
#ifdef __linux__

#  include <fcntl.h>
#  include <sys/stat.h>
#  include <unistd.h>

#  include <cerrno>
#  include <string>

#  include "segment_tracker.h"
#  include "shared_segment_posix.h"

namespace heddle {

namespace {

constexpr char kDirectory[] = "/dev/shm";

std::string path_of(const char* name) {
  return std::string(kDirectory) + "/" + name;
}

int commit(int file, uint64_t bytes) {
  int error = 0;
  do {
    // Unlike ftruncate(), this takes the memory: otherwise the first write to a page that there is no room
    // for would end the process by SIGBUS.
    error = posix_fallocate(file, 0, static_cast<off_t>(bytes));
  } while (error == EINTR);
  return error;
}

// What a file must have before others may find it.
int prepare(int file, uint64_t bytes, Segment& segment, uint64_t& number) {
  struct stat status {};
  if (fstat(file, &status) != 0) return errno;
  number = status.st_ino;
  if (const int error = commit(file, bytes)) return error;
  return map_segment(file, bytes, segment);
}

// The name, for a file that has none so far.
int link(int file, const std::string& path) {
  const std::string self = "/proc/self/fd/" + std::to_string(file);
  return linkat(AT_FDCWD, self.c_str(), AT_FDCWD, path.c_str(), AT_SYMLINK_FOLLOW) == 0 ? 0 : errno;
}

// For a /dev/shm whose files must have a name, or without /proc: others may find it before it is whole, and
// attach_segment() says EAGAIN then.
int create_by_name(const char* name, uint64_t bytes, bool track, Segment& segment) {
  const std::string path = path_of(name);
  const File file(open(path.c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (file.get() < 0) return errno;
  uint64_t number = 0;
  int error = prepare(file.get(), bytes, segment, number);
  if (error == 0 && track) error = track_segment(number, name);
  if (error != 0) unlink(path.c_str());
  return error;
}

int create_whole(const char* name, uint64_t bytes, bool track, Segment& segment) {
  const File file(open(kDirectory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (file.get() < 0) return EOPNOTSUPP;
  uint64_t number = 0;
  if (const int error = prepare(file.get(), bytes, segment, number)) return error;
  // Before it has its name: whenever this process is killed, somebody knows.
  if (track) {
    if (const int error = track_segment(number, name)) return error;
  }
  const int error = link(file.get(), path_of(name));
  if (error != 0 && track) forget_segment(number, name);
  return error == ENOENT ? EOPNOTSUPP : error;
}

}  // namespace

int create_segment(const char* name, uint64_t bytes, bool track, Segment& segment) {
  int error = create_whole(name, bytes, track, segment);
  if (error != 0) unmap_segment(segment);
  segment = error == 0 ? segment : Segment{};
  if (error != EOPNOTSUPP) return error;
  error = create_by_name(name, bytes, track, segment);
  if (error != 0) unmap_segment(segment);
  return error;
}

int attach_segment(const char* name, Segment& segment) {
  const File file(open(path_of(name).c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW));
  if (file.get() < 0) return errno;
  struct stat status {};
  if (fstat(file.get(), &status) != 0) return errno;
  if (!S_ISREG(status.st_mode)) return EINVAL;
  if (status.st_size == 0) return EAGAIN;
  return map_segment(file.get(), static_cast<uint64_t>(status.st_size), segment);
}

int unlink_segment(const char* name) {
  const std::string path = path_of(name);
  struct stat status {};
  if (lstat(path.c_str(), &status) != 0 || unlink(path.c_str()) != 0) return errno;
  // That one: another thread may have made one of the same name since.
  forget_segment(status.st_ino, name);
  return 0;
}

}  // namespace heddle

#endif

// Named segments on Windows: sections of the page file. A name lasts for as long as some process has the
// segment open, so there is none to be taken away, and none that is left behind.
#ifdef _WIN32

#  define WIN32_LEAN_AND_MEAN
#  define NOMINMAX
#  include <windows.h>

#  include <cerrno>
#  include <mutex>
#  include <string>
#  include <unordered_map>

#  include "shared_segment.h"

namespace heddle {

namespace {

std::wstring wide(const char* name) {
  const int length = MultiByteToWideChar(CP_UTF8, 0, name, -1, nullptr, 0);
  std::wstring text(static_cast<size_t>(length > 0 ? length : 1), L'\0');
  if (length > 0) MultiByteToWideChar(CP_UTF8, 0, name, -1, text.data(), length);
  return text;
}

int error_of(DWORD code) {
  switch (code) {
    case ERROR_FILE_NOT_FOUND:
      return ENOENT;
    case ERROR_ALREADY_EXISTS:
    // An object of another sort has the name.
    case ERROR_INVALID_HANDLE:
      return EEXIST;
    case ERROR_ACCESS_DENIED:
      return EACCES;
    case ERROR_COMMITMENT_LIMIT:
    case ERROR_DISK_FULL:
      return ENOSPC;
    case ERROR_NOT_ENOUGH_MEMORY:
      return ENOMEM;
    case ERROR_FILENAME_EXCED_RANGE:
      return ENAMETOOLONG;
    default:
      return EINVAL;
  }
}

// The handles that keep the names of what is mapped, by where it is: with the last one a name goes.
class Sections {
 public:
  // Never destroyed: buffers may be collected while the process ends.
  static Sections& instance() {
    static Sections& sections = *new Sections;
    return sections;
  }
  void add(const void* base, HANDLE section) {
    const std::lock_guard lock(mutex_);
    sections_[base] = section;
  }
  void close(const void* base) {
    const std::lock_guard lock(mutex_);
    const auto found = sections_.find(base);
    if (found == sections_.end()) return;
    CloseHandle(found->second);
    sections_.erase(found);
  }

 private:
  std::mutex mutex_;
  std::unordered_map<const void*, HANDLE> sections_;
};

int map(HANDLE section, uint64_t bytes, Segment& segment) {
  void* base = MapViewOfFile(section, FILE_MAP_READ | FILE_MAP_WRITE, 0, 0, static_cast<SIZE_T>(bytes));
  if (base == nullptr) {
    const int error = error_of(GetLastError());
    CloseHandle(section);
    return error;
  }
  MEMORY_BASIC_INFORMATION region{};
  VirtualQuery(base, &region, sizeof region);
  segment = {static_cast<std::byte*>(base), bytes != 0 ? bytes : region.RegionSize};
  Sections::instance().add(base, section);
  return 0;
}

}  // namespace

int create_segment(const char* name, uint64_t bytes, bool, Segment& segment) {
  SetLastError(0);
  HANDLE section =
      CreateFileMappingW(INVALID_HANDLE_VALUE, nullptr, PAGE_READWRITE, static_cast<DWORD>(bytes >> 32),
                         static_cast<DWORD>(bytes), wide(name).c_str());
  const DWORD code = GetLastError();
  if (section == nullptr) return error_of(code);
  if (code == ERROR_ALREADY_EXISTS) {
    CloseHandle(section);
    return EEXIST;
  }
  return map(section, bytes, segment);
}

int attach_segment(const char* name, Segment& segment) {
  HANDLE section = OpenFileMappingW(FILE_MAP_READ | FILE_MAP_WRITE, FALSE, wide(name).c_str());
  if (section == nullptr) {
    const int error = error_of(GetLastError());
    return error == EEXIST ? EINVAL : error;
  }
  return map(section, 0, segment);
}

int unlink_segment(const char*) {
  return 0;
}

void leave_segment(const void* base) {
  Sections::instance().close(base);
}

void unmap_segment(const Segment& segment) {
  if (segment.base == nullptr) return;
  // First: the next one may be mapped at the same place.
  leave_segment(segment.base);
  UnmapViewOfFile(segment.base);
}

}  // namespace heddle

#endif

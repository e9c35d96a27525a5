// Sparse memory on Windows: addresses are reserved at once, pages committed as they come into use.
#ifdef _WIN32

#  define WIN32_LEAN_AND_MEAN
#  define NOMINMAX
#  include <windows.h>

#  include "mapping.h"

namespace heddle {

bool map_sparse(size_t bytes, Mapping& mapping) {
  void* base = VirtualAlloc(nullptr, bytes, MEM_RESERVE, PAGE_READWRITE);
  if (base == nullptr) return false;
  mapping = {static_cast<std::byte*>(base), bytes, -1};
  return true;
}

bool map_inherited(int, size_t, Mapping&, const char** refusal) {
  *refusal = "processes share no memory on this system";
  return false;
}

void unmap(Mapping& mapping) {
  if (mapping.base != nullptr) VirtualFree(mapping.base, 0, MEM_RELEASE);
  mapping = {};
}

bool commit_pages(const Mapping& mapping, size_t offset, size_t bytes) {
  return VirtualAlloc(mapping.base + offset, bytes, MEM_COMMIT, PAGE_READWRITE) != nullptr;
}

void empty_pages(const Mapping& mapping, size_t offset, size_t bytes) {
  (void)VirtualAlloc(mapping.base + offset, bytes, MEM_RESET, PAGE_READWRITE);
}

bool discard_pages(const Mapping& mapping, size_t offset, size_t bytes) {
  return VirtualFree(mapping.base + offset, bytes, MEM_DECOMMIT) != 0;
}

}  // namespace heddle

#endif

// new and delete for the binaries of macOS, seen by the addon alone: Zig's linker would export those of its
// C++ library, and the system would then take them for everybody's. Compiled with
// -fvisibility-global-new-delete=force-hidden. Without exceptions there is nothing to throw.
#include <cstdlib>
#include <new>

// The compiler's flag leaves out those that it does not declare itself.
#define HEDDLE_HIDDEN __attribute__((visibility("hidden")))

namespace {

void* allocate(size_t bytes) {
  void* memory = std::malloc(bytes == 0 ? 1 : bytes);
  if (memory == nullptr) std::abort();
  return memory;
}

void* allocate(size_t bytes, std::align_val_t alignment) {
  void* memory = nullptr;
  size_t least = static_cast<size_t>(alignment);
  if (least < sizeof(void*)) least = sizeof(void*);
  if (posix_memalign(&memory, least, bytes == 0 ? 1 : bytes) != 0) std::abort();
  return memory;
}

}  // namespace

void* operator new(size_t bytes) {
  return allocate(bytes);
}
void* operator new[](size_t bytes) {
  return allocate(bytes);
}
void* operator new(size_t bytes, std::align_val_t alignment) {
  return allocate(bytes, alignment);
}
void* operator new[](size_t bytes, std::align_val_t alignment) {
  return allocate(bytes, alignment);
}
HEDDLE_HIDDEN void* operator new(size_t bytes, const std::nothrow_t&) noexcept {
  return std::malloc(bytes == 0 ? 1 : bytes);
}
HEDDLE_HIDDEN void* operator new[](size_t bytes, const std::nothrow_t&) noexcept {
  return std::malloc(bytes == 0 ? 1 : bytes);
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete[](void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, size_t) noexcept {
  std::free(memory);
}
void operator delete[](void* memory, size_t) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::align_val_t) noexcept {
  std::free(memory);
}
void operator delete[](void* memory, std::align_val_t) noexcept {
  std::free(memory);
}
void operator delete(void* memory, size_t, std::align_val_t) noexcept {
  std::free(memory);
}
void operator delete[](void* memory, size_t, std::align_val_t) noexcept {
  std::free(memory);
}
HEDDLE_HIDDEN void operator delete(void* memory, const std::nothrow_t&) noexcept {
  std::free(memory);
}
HEDDLE_HIDDEN void operator delete[](void* memory, const std::nothrow_t&) noexcept {
  std::free(memory);
}

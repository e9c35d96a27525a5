// What the prebuilt binaries have in place of parts of Zig's C++ library.
//
// That library is made for programs with exceptions: all that can fail in it throws, and what throws brings
// the unwinder, the types of exceptions and the reader of mangled names, together more than heddle's own
// locks and queues. heddle is compiled without exceptions, so nothing could catch one, and the program ends
// by abort() in any case.
//
// new and delete are seen by the addon alone: Zig's linker for macOS would export those of the library, and
// the system would then take them for everybody's. Compiled with -fvisibility-global-new-delete=force-hidden.
#include <cstdarg>
#include <cstddef>
#include <cstdlib>
#include <exception>
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
  size_t least = static_cast<size_t>(alignment);
  if (least < sizeof(void*)) least = sizeof(void*);
#ifdef _WIN32
  void* memory = _aligned_malloc(bytes == 0 ? 1 : bytes, least);
  if (memory == nullptr) std::abort();
#else
  void* memory = nullptr;
  if (posix_memalign(&memory, least, bytes == 0 ? 1 : bytes) != 0) std::abort();
#endif
  return memory;
}

void free_aligned(void* memory) {
#ifdef _WIN32
  _aligned_free(memory);
#else
  std::free(memory);
#endif
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
  free_aligned(memory);
}
void operator delete[](void* memory, std::align_val_t) noexcept {
  free_aligned(memory);
}
void operator delete(void* memory, size_t, std::align_val_t) noexcept {
  free_aligned(memory);
}
void operator delete[](void* memory, size_t, std::align_val_t) noexcept {
  free_aligned(memory);
}
HEDDLE_HIDDEN void operator delete(void* memory, const std::nothrow_t&) noexcept {
  std::free(memory);
}
HEDDLE_HIDDEN void operator delete[](void* memory, const std::nothrow_t&) noexcept {
  std::free(memory);
}

// What compiled code and the library call to throw, to catch and to clean up on the way.
extern "C" {

HEDDLE_HIDDEN void* __cxa_allocate_exception(size_t) noexcept {
  std::abort();
}
HEDDLE_HIDDEN void __cxa_free_exception(void*) noexcept {}
HEDDLE_HIDDEN void __cxa_throw(void*, void*, void (*)(void*)) {
  std::abort();
}
HEDDLE_HIDDEN void __cxa_rethrow() {
  std::abort();
}
HEDDLE_HIDDEN void* __cxa_begin_catch(void*) noexcept {
  std::abort();
}
HEDDLE_HIDDEN void __cxa_end_catch() {
  std::abort();
}
HEDDLE_HIDDEN char* __cxa_demangle(const char*, char*, size_t*, int*) {
  return nullptr;
}
// On Windows, the message would bring a printf of its own.
HEDDLE_HIDDEN void __abort_message(const char*, ...) {
  std::abort();
}
// Called for a frame that an exception passes: never.
#ifdef _WIN32
HEDDLE_HIDDEN int __gxx_personality_seh0() {
  std::abort();
}
#else
HEDDLE_HIDDEN int __gxx_personality_v0() {
  std::abort();
}
#endif
HEDDLE_HIDDEN void _Unwind_Resume(void*) {
  std::abort();
}
#if defined(__arm__)
HEDDLE_HIDDEN int __aeabi_unwind_cpp_pr0() {
  std::abort();
}
HEDDLE_HIDDEN int __aeabi_unwind_cpp_pr1() {
  std::abort();
}
HEDDLE_HIDDEN int __aeabi_unwind_cpp_pr2() {
  std::abort();
}
HEDDLE_HIDDEN void __cxa_end_cleanup() {
  std::abort();
}
#endif

}  // extern "C"

// condition_variable brings std::thread, for what it can do at the end of one, and std::thread brings futures
// with all that they throw. Nothing of heddle asks for it. Exceptions have descriptions of their types, and
// these again have types.
#define HEDDLE_TEXT(name) #name
#define HEDDLE_EXPANDED(name) HEDDLE_TEXT(name)
#define HEDDLE_SYMBOL(name) __asm__(HEDDLE_EXPANDED(__USER_LABEL_PREFIX__) name)
#define HEDDLE_NEVER_CALLED(function, name)          \
  HEDDLE_HIDDEN void function() HEDDLE_SYMBOL(name); \
  void function() {                                  \
    std::abort();                                    \
  }
#define HEDDLE_NEVER_READ(variable, name)                                  \
  extern HEDDLE_HIDDEN const void* const variable[12] HEDDLE_SYMBOL(name); \
  const void* const variable[12] = {};

HEDDLE_NEVER_CALLED(thread_struct, "_ZNSt3__115__thread_structC1Ev")
HEDDLE_NEVER_CALLED(thread_struct_end, "_ZNSt3__115__thread_structD1Ev")
HEDDLE_NEVER_CALLED(thread_local_data, "_ZNSt3__119__thread_local_dataEv")
HEDDLE_NEVER_CALLED(
    at_thread_exit,
    "_ZNSt3__115__thread_struct25notify_all_at_thread_exitEPNS_18condition_variableEPNS_5mutexE")
HEDDLE_NEVER_READ(class_type, "_ZTVN10__cxxabiv117__class_type_infoE")
HEDDLE_NEVER_READ(si_class_type, "_ZTVN10__cxxabiv120__si_class_type_infoE")
HEDDLE_NEVER_READ(vmi_class_type, "_ZTVN10__cxxabiv121__vmi_class_type_infoE")

_LIBCPP_BEGIN_NAMESPACE_STD

HEDDLE_HIDDEN void __libcpp_verbose_abort(const char*, ...) noexcept {
  std::abort();
}
HEDDLE_HIDDEN void __throw_system_error(int, const char*) {
  std::abort();
}

_LIBCPP_END_NAMESPACE_STD

namespace std {

HEDDLE_HIDDEN void terminate() noexcept {
  std::abort();
}

}  // namespace std

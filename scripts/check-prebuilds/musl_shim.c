// Bun for musl wants a C++ library, which Debian has for glibc only. musl's loader takes that one, but for these
// few functions of glibc; for tests this will do. Loaded in the place of glibc's own loader, which it also asks for.
#include <errno.h>
#include <stddef.h>
#include <sys/random.h>
#include <time.h>

struct {
  unsigned vendor, type, subtype, features[1];
} __cpu_model;
char __libc_single_threaded;

int __cpu_indicator_init(void) {
  return 0;
}
// Nobody waits for what threads leave behind.
int __cxa_thread_atexit_impl(void (*destroy)(void*), void* object, void* library) {
  (void)destroy;
  (void)object;
  (void)library;
  return 0;
}
size_t __strftime_l(char* text, size_t size, const char* format, const struct tm* time, locale_t locale) {
  return strftime_l(text, size, format, time, locale);
}
// The caller has another way to find it.
int _dl_find_object(void* address, void* result) {
  (void)address;
  (void)result;
  return -1;
}
unsigned arc4random(void) {
  unsigned number = 0;
  while (getrandom(&number, sizeof number, 0) < 0 && errno == EINTR) {
  }
  return number;
}

// What the processor can do beyond its architecture's least. Asked directly: the compilers' built-in question
// needs a run-time library that not all of them bring.
#pragma once

#if defined(__GNUC__) && defined(__x86_64__)
#  include <cpuid.h>
#endif

#include <cstdint>

namespace heddle::kernels {

#if defined(__GNUC__) && defined(__x86_64__)
// AVX2, and an operating system that keeps its registers for every thread.
[[nodiscard]] inline bool has_avx2() {
  constexpr uint32_t kSavesRegisters = 1U << 27;
  constexpr uint32_t kAvx = 1U << 28;
  constexpr uint32_t kAvx2 = 1U << 5;
  constexpr uint32_t kXmmAndYmm = 6;
  uint32_t a = 0;
  uint32_t b = 0;
  uint32_t c = 0;
  uint32_t d = 0;
  if (__get_cpuid(1, &a, &b, &c, &d) == 0 || (c & kSavesRegisters) == 0 || (c & kAvx) == 0) return false;
  uint32_t saved = 0;
  uint32_t saved_high = 0;
  __asm__("xgetbv" : "=a"(saved), "=d"(saved_high) : "c"(0));
  if ((saved & kXmmAndYmm) != kXmmAndYmm) return false;
  return __get_cpuid_count(7, 0, &a, &b, &c, &d) != 0 && (b & kAvx2) != 0;
}
#endif

}  // namespace heddle::kernels

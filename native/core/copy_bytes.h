// Copying payloads, which may be large, from one heap to another and from one core to another.
//
// memcpy of a few kilobytes and more is `rep movsb` on most x86 machines. How fast that is depends on how
// source and destination lie to each other, and blocks of a malloc, which begin 16 bytes into a line, lie ill
// to blocks of ours, which begin with one: on some processors it is then a half or a quarter as fast as plain
// moves of vectors, which do not care.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#if defined(__SSE2__) || defined(_M_X64)
#  include <emmintrin.h>
#  define HEDDLE_COPIES_VECTORS 1
#endif

namespace heddle {

// Smaller copies are memcpy's.
inline constexpr size_t kLargeCopy = 4096;

#ifdef HEDDLE_COPIES_VECTORS

// Copies whole groups of vectors, and moves on by them.
template <bool STREAMS>
void copy_vectors(uint8_t*& to, const uint8_t*& from, size_t& bytes) {
  constexpr size_t kVectors = 8;
  constexpr size_t kGroup = kVectors * sizeof(__m128i);
  for (; bytes >= kGroup; bytes -= kGroup, from += kGroup, to += kGroup) {
    __m128i vectors[kVectors];
    const auto* source = reinterpret_cast<const __m128i*>(from);
    auto* target = reinterpret_cast<__m128i*>(to);
    for (size_t i = 0; i < kVectors; i++) vectors[i] = _mm_loadu_si128(source + i);
    for (size_t i = 0; i < kVectors; i++) {
      if constexpr (STREAMS) {
        _mm_stream_si128(target + i, vectors[i]);
      } else {
        _mm_storeu_si128(target + i, vectors[i]);
      }
    }
  }
}

#endif

inline void copy_bytes(uint8_t* to, const uint8_t* from, size_t bytes) {
#ifdef HEDDLE_COPIES_VECTORS
  if (bytes >= kLargeCopy) copy_vectors<false>(to, from, bytes);
#endif
  if (bytes > 0) std::memcpy(to, from, bytes);
}

// The same past the caches: for a destination that lies in none, or in that of another core, from where each
// line would have to be fetched first, only to be overwritten.
inline void stream_bytes(uint8_t* to, const uint8_t* from, size_t bytes) {
#ifdef HEDDLE_COPIES_VECTORS
  if (bytes >= kLargeCopy && reinterpret_cast<uintptr_t>(to) % sizeof(__m128i) == 0) {
    copy_vectors<true>(to, from, bytes);
    // Such stores are not ordered among others.
    _mm_sfence();
  }
#endif
  copy_bytes(to, from, bytes);
}

}  // namespace heddle

// A stable radix sort, most significant digit first, of keys with or without something beside them.
//
// Elements are moved between two arrays: each level counts how many have which digit, and moves them
// to their digit's bucket in the other array. Bits that all elements of a bucket share are found first
// and skipped, so the number of levels follows the data, not the width of the keys: 10 million random
// doubles take two and an insertion sort. Large inputs take their first levels in parallel, by chunks;
// the buckets that come of it are sorted by one thread each, in its cache.
//
// When another thread changes an array meanwhile, against the rules, more elements may turn up for a
// bucket than were counted. So no position is trusted: every move is kept within the arrays.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "run.h"

namespace heddle::kernels {

// A key with the index of its element.
template <class Key>
struct Indexed {
  Key key;
  uint32_t index;
};

template <class Key>
[[nodiscard]] inline Key key_of(Key key) {
  return key;
}
template <class Key>
[[nodiscard]] inline Key key_of(const Indexed<Key>& element) {
  return element.key;
}

inline constexpr int kMostDigitBits = 11;
// Below, insertion is faster.
inline constexpr size_t kInsertion = 40;

template <class E>
void insertion_sort(E* elements, size_t length) {
  for (size_t i = 1; i < length; i++) {
    const E element = elements[i];
    size_t j = i;
    while (j > 0 && key_of(element) < key_of(elements[j - 1])) {
      elements[j] = elements[j - 1];
      j--;
    }
    elements[j] = element;
  }
}

[[nodiscard]] constexpr int digit_bits_for(size_t length) {
  if (length < 4096) return 6;
  return length < 65536 ? 8 : kMostDigitBits;
}

// Sorts `from[0, length)` into `land`, which is `from` or `other`.
template <class E>
void radix_sort(E* from, E* other, size_t length, E* land) {
  if (length <= kInsertion) {
    if (land != from) std::copy_n(from, length, land);
    insertion_sort(land, length);
    return;
  }
  using Key = decltype(key_of(*from));
  const Key first = key_of(from[0]);
  Key different = 0;
  for (size_t i = 1; i < length; i++) different |= static_cast<Key>(key_of(from[i]) ^ first);
  const int width = std::bit_width(different);
  if (width == 0) {
    if (land != from) std::copy_n(from, length, land);
    return;
  }
  const int digit_bits = std::min(width, digit_bits_for(length));
  const int shift = width - digit_bits;
  const size_t digits = size_t{1} << digit_bits;
  uint32_t ends[size_t{1} << kMostDigitBits];
  std::fill_n(ends, digits, 0);
  for (size_t i = 0; i < length; i++) ends[(key_of(from[i]) >> shift) & (digits - 1)]++;
  uint32_t start = 0;
  for (size_t digit = 0; digit < digits; digit++) start += std::exchange(ends[digit], start);
  for (size_t i = 0; i < length; i++) {
    const E element = from[i];
    const size_t place = ends[(key_of(element) >> shift) & (digits - 1)]++;
    other[place < length ? place : length - 1] = element;
  }
  if (shift == 0) {
    if (land != other) std::copy_n(other, length, land);
    return;
  }
  uint32_t begin = 0;
  for (size_t digit = 0; digit < digits; digit++) {
    // Moved on to the bucket's end by the moves; never beyond the arrays.
    const uint32_t end = std::min(ends[digit], static_cast<uint32_t>(length));
    if (end <= begin) continue;
    radix_sort(other + begin, from + begin, end - begin, land + begin);
    begin = end;
  }
}

// Sorts with all threads of a run. `finish(first, end)` is called, once for every part of `land` and by
// several threads, when that part is sorted. A Moved{pointer} is the source of elements that have been moved.
template <class E, class Moved, class Finish>
class ParallelRadixSort {
 public:
  ParallelRadixSort(Run& run, Finish& finish) : run_(run), finish_(finish) {}

  // source(i) is element i of `length`; they come to lie, sorted, in `land`, which is `into` or `back`.
  // The source may read from `back`. A KernelOutcome.
  template <class Source>
  [[nodiscard]] int32_t sort(Source source, size_t length, E* into, E* back, E* land) {
    land_ = land;
    return level(source, length, into, back, 0);
  }

 private:
  using Key = decltype(key_of(std::declval<E>()));
  static constexpr size_t kLeastChunk = size_t{1} << 16;
  static constexpr size_t kMostChunks = 64;
  // Elements that one thread sorts at a time.
  static constexpr size_t kPart = size_t{1} << 16;

  // Moves the elements into `into` by one digit, then sorts each bucket. `offset`: where they belong in
  // `land_`.
  template <class Source>
  [[nodiscard]] int32_t level(Source source, size_t length, E* into, E* back, size_t offset) {
    using namespace layout::KernelOutcome;
    const size_t chunk = std::max(kLeastChunk, blocks_of(length, kMostChunks));
    const size_t chunks = blocks_of(length, chunk);
    run_.expect(3 * chunks);

    const Key first = key_of(source(0));
    std::atomic<Key> differences{0};
    const bool compared = run_.each_range(length, chunk, [&](size_t begin, size_t end, size_t) {
      Key different = 0;
      for (size_t i = begin; i < end; i++) different |= static_cast<Key>(key_of(source(i)) ^ first);
      differences.fetch_or(different, std::memory_order_relaxed);
    });
    if (!compared) return CANCELLED;
    const int width = std::bit_width(differences.load(std::memory_order_relaxed));
    const int digit_bits = std::min(width, kMostDigitBits);
    const int shift = width - digit_bits;
    const size_t digits = size_t{1} << digit_bits;

    Scratch<uint32_t> counts(chunks * digits);
    if (!counts) return NO_MEMORY;
    std::fill_n(counts.get(), chunks * digits, 0);
    const bool counted = run_.each_range(length, chunk, [&](size_t begin, size_t end, size_t number) {
      uint32_t* const own = counts.get() + number * digits;
      for (size_t i = begin; i < end; i++) own[(key_of(source(i)) >> shift) & (digits - 1)]++;
    });
    if (!counted) return CANCELLED;

    std::vector<size_t> starts(digits + 1);
    size_t start = 0;
    for (size_t digit = 0; digit < digits; digit++) {
      starts[digit] = start;
      for (size_t number = 0; number < chunks; number++) {
        start += std::exchange(counts[number * digits + digit], static_cast<uint32_t>(start));
      }
    }
    starts[digits] = length;

    const bool moved = run_.each_range(length, chunk, [&](size_t begin, size_t end, size_t number) {
      uint32_t* const own = counts.get() + number * digits;
      for (size_t i = begin; i < end; i++) {
        const E element = source(i);
        const size_t place = own[(key_of(element) >> shift) & (digits - 1)]++;
        into[place < length ? place : length - 1] = element;
      }
    });
    if (!moved) return CANCELLED;
    return buckets(starts, shift == 0, into, back, offset);
  }

  [[nodiscard]] int32_t buckets(const std::vector<size_t>& starts, bool sorted, E* into, E* back,
                                size_t offset) {
    using namespace layout::KernelOutcome;
    const size_t digits = starts.size() - 1;
    // Buckets too large for one thread are taken apart by all of them; the others are dealt out in parts.
    const size_t large = std::max(8 * kPart, starts[digits] / (2 * run_.width()));
    std::vector<size_t> parts;
    std::vector<size_t> large_ones;
    for (size_t digit = 0; digit < digits;) {
      if (!sorted && starts[digit + 1] - starts[digit] > large) {
        large_ones.push_back(digit++);
        continue;
      }
      parts.push_back(digit);
      const size_t begin = starts[digit];
      do digit++;
      while (digit < digits && starts[digit + 1] - begin <= kPart);
      parts.push_back(digit);
    }
    run_.expect(parts.size() / 2);
    const bool done = run_.each_block(parts.size() / 2, [&](size_t part) {
      const size_t end = parts[2 * part + 1];
      for (size_t digit = parts[2 * part]; digit < end; digit++) {
        const size_t begin = starts[digit];
        const size_t count = starts[digit + 1] - begin;
        E* const land = land_ + offset + begin;
        if (count == 0) continue;
        if (!sorted)
          radix_sort(into + begin, back + begin, count, land);
        else if (land != into + begin)
          std::copy_n(into + begin, count, land);
      }
      finish_(offset + starts[parts[2 * part]], offset + starts[end]);
    });
    if (!done) return CANCELLED;
    for (const size_t digit : large_ones) {
      const size_t begin = starts[digit];
      E* const from = into + begin;
      const int32_t outcome =
          level(Moved{from}, starts[digit + 1] - begin, back + begin, into + begin, offset + begin);
      if (outcome != DONE) return outcome;
    }
    return DONE;
  }

  Run& run_;
  Finish& finish_;
  E* land_ = nullptr;
};

}  // namespace heddle::kernels

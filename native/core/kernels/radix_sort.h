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
  HEDDLE_UNROLLED
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
  HEDDLE_UNROLLED
  for (size_t i = 0; i < length; i++) ends[(key_of(from[i]) >> shift) & (digits - 1)]++;
  uint32_t start = 0;
  for (size_t digit = 0; digit < digits; digit++) start += std::exchange(ends[digit], start);
  HEDDLE_UNROLLED
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

// Where elements come from, and what is done with each of them on the first way: no more than this depends on
// the type of a source, which is a function from the number of an element to the element.
template <class E>
struct Source {
  using Key = decltype(key_of(std::declval<E>()));

  const void* function;
  // Bits in which keys differ from that of the first element.
  Key (*differences)(const void* function, size_t begin, size_t end);
  // Counts digits.
  void (*count)(const void* function, size_t begin, size_t end, int shift, size_t mask, uint32_t* counts);
  // Moves elements to the places of their digits, which move on.
  void (*move)(const void* function, size_t begin, size_t end, int shift, size_t mask, uint32_t* places,
               E* into, size_t length);
};

// Of a function that outlives it.
template <class E, class Function>
[[nodiscard]] Source<E> source_of(const Function& function) {
  using Key = typename Source<E>::Key;
  return {
      &function,
      [](const void* from, size_t begin, size_t end) {
        const Function element_at = *static_cast<const Function*>(from);
        const Key first = key_of(element_at(0));
        Key different = 0;
        for (size_t i = begin; i < end; i++) different |= static_cast<Key>(key_of(element_at(i)) ^ first);
        return different;
      },
      [](const void* from, size_t begin, size_t end, int shift, size_t mask, uint32_t* counts) {
        const Function element_at = *static_cast<const Function*>(from);
        HEDDLE_UNROLLED
        for (size_t i = begin; i < end; i++) counts[(key_of(element_at(i)) >> shift) & mask]++;
      },
      [](const void* from, size_t begin, size_t end, int shift, size_t mask, uint32_t* places, E* into,
         size_t length) {
        const Function element_at = *static_cast<const Function*>(from);
        HEDDLE_UNROLLED
        for (size_t i = begin; i < end; i++) {
          const E element = element_at(i);
          const size_t place = places[(key_of(element) >> shift) & mask]++;
          into[place < length ? place : length - 1] = element;
        }
      },
  };
}

// Sorts with all threads of a run. `finish(context, first, end)` is called, once for every part of `land` and
// by several threads, when that part is sorted.
template <class E>
class ParallelRadixSort {
 public:
  using Finish = void (*)(const void* context, size_t first, size_t end);

  ParallelRadixSort(Run& run, Finish finish, const void* context)
      : run_(run), finish_(finish), context_(context) {}

  // `length` elements come to lie, sorted, in `land`, which is `into` or `back`. The source may read from
  // `back`. A KernelOutcome.
  [[nodiscard]] int32_t sort(const Source<E>& source, size_t length, E* into, E* back, E* land) {
    land_ = land;
    return level(source, length, into, back, 0);
  }

 private:
  using Key = typename Source<E>::Key;
  static constexpr size_t kLeastChunk = size_t{1} << 16;
  static constexpr size_t kMostChunks = 64;
  // Elements that one thread sorts at a time.
  static constexpr size_t kPart = size_t{1} << 16;

  // Moves the elements into `into` by one digit, then sorts each bucket. `offset`: where they belong in
  // `land_`.
  [[nodiscard]] int32_t level(const Source<E>& source, size_t length, E* into, E* back, size_t offset) {
    using namespace layout::KernelOutcome;
    const size_t chunk = std::max(kLeastChunk, blocks_of(length, kMostChunks));
    const size_t chunks = blocks_of(length, chunk);
    run_.expect(3 * chunks);

    std::atomic<Key> differences{0};
    const bool compared = run_.each_range(length, chunk, [&](size_t begin, size_t end, size_t) {
      differences.fetch_or(source.differences(source.function, begin, end), std::memory_order_relaxed);
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
      source.count(source.function, begin, end, shift, digits - 1, counts.get() + number * digits);
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
      source.move(source.function, begin, end, shift, digits - 1, counts.get() + number * digits, into,
                  length);
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
      finish_(context_, offset + starts[parts[2 * part]], offset + starts[end]);
    });
    if (!done) return CANCELLED;
    for (const size_t digit : large_ones) {
      const size_t begin = starts[digit];
      E* const from = into + begin;
      const auto element_at = [from](size_t i) { return from[i]; };
      const int32_t outcome = level(source_of<E>(element_at), starts[digit + 1] - begin, back + begin,
                                    into + begin, offset + begin);
      if (outcome != DONE) return outcome;
    }
    return DONE;
  }

  Run& run_;
  Finish finish_;
  const void* context_;
  E* land_ = nullptr;
};

}  // namespace heddle::kernels

// SUM, MIN, MAX, DOT: one number from all.
//
// Floating-point sums are the same for any number of threads because their order is fixed: element i of
// a block of SUM_BLOCK goes to lane i % SUM_LANES, the lanes of a block are added pairwise, and so are
// the sums of the blocks. The lanes are also what lets the compiler use vector instructions without
// being allowed to change the order. Sums of integers are exact.
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "run.h"
#include "sort_key.h"

namespace heddle::kernels {

namespace {

using namespace layout::KernelOutcome;

constexpr size_t kSumBlock = layout::SUM_BLOCK;
constexpr size_t kLanes = layout::SUM_LANES;
static_assert(kLanes == 8 && kBlock % kSumBlock == 0);

double pairwise(const double* lanes) {
  return ((lanes[0] + lanes[1]) + (lanes[2] + lanes[3])) + ((lanes[4] + lanes[5]) + (lanes[6] + lanes[7]));
}

// The sum of term(i), each a double, over one block.
template <class Term>
double sum_block(size_t begin, size_t end, Term term) {
  double lanes[kLanes] = {};
  size_t i = begin;
  for (; i + kLanes <= end; i += kLanes) {
    for (size_t lane = 0; lane < kLanes; lane++) lanes[lane] += term(i + lane);
  }
  for (size_t lane = 0; i < end; lane++, i++) lanes[lane] += term(i);
  return pairwise(lanes);
}

// Adds neighbours, until one is left.
double sum_pairwise(double* sums, size_t count) {
  if (count == 0) return 0;
  for (; count > 1; count = (count + 1) / 2) {
    for (size_t i = 0; i < count / 2; i++) sums[i] = sums[2 * i] + sums[2 * i + 1];
    if (count % 2 == 1) sums[count / 2] = sums[count - 1];
  }
  return sums[0];
}

template <class Term>
int32_t sum_terms(Run& run, size_t length, Term term) {
  Scratch<double> sums(blocks_of(length, kSumBlock));
  if (!sums) return NO_MEMORY;
  run.expect(blocks_of(length, kBlock));
  const bool done = run.each_range(length, kBlock, [&](size_t begin, size_t end, size_t) {
    for (; begin < end; begin += kSumBlock) {
      sums[begin / kSumBlock] = sum_block(begin, std::min(begin + kSumBlock, end), term);
    }
  });
  if (!done) return CANCELLED;
  run.result(0, sum_pairwise(sums.get(), blocks_of(length, kSumBlock)));
  return DONE;
}

// A sum in base 2^32, its last digit signed and with room for carries: 64-bit products, and no overflow.
struct Digits {
  std::array<int64_t, 4> digits{};

  void add(const Digits& other) {
    int64_t carry = 0;
    for (size_t i = 0; i < digits.size(); i++) {
      const int64_t sum = digits[i] + other.digits[i] + carry;
      if (i + 1 == digits.size()) {
        digits[i] = sum;
      } else {
        digits[i] = sum & 0xFFFF'FFFF;
        carry = sum >> 32;
      }
    }
  }
};

// part(begin, end) is the sum of a block, at most kSumBlock long.
template <class Part>
int32_t sum_digits(Run& run, size_t length, Part part) {
  const size_t blocks = blocks_of(length, kBlock);
  Scratch<Digits> sums(blocks);
  if (!sums) return NO_MEMORY;
  run.expect(blocks);
  const bool done = run.each_range(length, kBlock, [&](size_t begin, size_t end, size_t block) {
    Digits sum;
    for (; begin < end; begin += kSumBlock) sum.add(part(begin, std::min(begin + kSumBlock, end)));
    sums[block] = sum;
  });
  if (!done) return CANCELLED;
  Digits total;
  for (size_t block = 0; block < blocks; block++) total.add(sums[block]);
  for (int32_t i = 0; i < 4; i++) run.result(i, total.digits[static_cast<size_t>(i)]);
  return DONE;
}

// The upper half of a 64-bit integer, with its sign if it has one.
template <class T>
int64_t upper(T value) {
  return static_cast<int64_t>(value >> 32);
}
template <class T>
int64_t lower(T value) {
  return static_cast<int64_t>(static_cast<uint64_t>(value) & 0xFFFF'FFFF);
}

template <class T>
Digits dot_block(const T* a, const T* b, size_t begin, size_t end) {
  Digits sum;
  auto& [d0, d1, d2, d3] = sum.digits;
  for (size_t i = begin; i < end; i++) {
    // Halves of T's own signedness: their products fit into T but for the lower ones, which are unsigned.
    const T a1 = a[i] >> 32;
    const T b1 = b[i] >> 32;
    const auto a0 = static_cast<T>(lower(a[i]));
    const auto b0 = static_cast<T>(lower(b[i]));
    const uint64_t p0 = static_cast<uint64_t>(a0) * static_cast<uint64_t>(b0);
    const T p1 = a1 * b0;
    const T p2 = a0 * b1;
    const T p3 = a1 * b1;
    d0 += lower(p0);
    d1 += upper(p0) + lower(p1) + lower(p2);
    d2 += upper(p1) + upper(p2) + lower(p3);
    d3 += upper(p3);
  }
  return sum;
}

// As Math.min and Math.max: NaN if there is one, and -0 is less than 0.
template <bool MAX, class T>
T extreme(T a, T b) {
  if constexpr (std::is_floating_point_v<T>) {
    if (a != a || b != b) return std::numeric_limits<T>::quiet_NaN();
    if (a == b) return std::signbit(a) == MAX ? b : a;
  }
  return (MAX ? a < b : b < a) ? b : a;
}

template <bool MAX, class T>
T extreme_block(const T* elements, size_t begin, size_t end) {
  constexpr size_t kParallel = 64 / sizeof(T);
  T lanes[kParallel];
  for (T& lane : lanes) lane = elements[begin];
  // All bits set where an element was not a number.
  KeyOf<T> strange[kParallel] = {};
  size_t i = begin;
  for (; i + kParallel <= end; i += kParallel) {
    for (size_t lane = 0; lane < kParallel; lane++) {
      const T element = elements[i + lane];
      lanes[lane] = (MAX ? element > lanes[lane] : element < lanes[lane]) ? element : lanes[lane];
      if constexpr (std::is_floating_point_v<T>) strange[lane] |= element != element;
    }
  }
  T result = elements[begin];
  bool any_strange = result != result;
  for (size_t lane = 0; lane < kParallel; lane++) {
    result = extreme<MAX>(result, lanes[lane]);
    any_strange = any_strange || strange[lane] != 0;
  }
  for (; i < end; i++) result = extreme<MAX>(result, elements[i]);
  if constexpr (std::is_floating_point_v<T>) {
    if (any_strange) return std::numeric_limits<T>::quiet_NaN();
    // Comparisons do not tell zeros apart, so where one is the result they are looked at again.
    if (result == 0) {
      for (i = begin; i < end; i++) result = extreme<MAX>(result, elements[i]);
    }
  }
  return result;
}

template <bool MAX, class T>
int32_t find_extreme(Run& run, const T* elements, size_t length) {
  const size_t blocks = blocks_of(length, kBlock);
  Scratch<T> results(blocks);
  if (!results) return NO_MEMORY;
  run.expect(blocks);
  const bool done = run.each_range(length, kBlock, [&](size_t begin, size_t end, size_t block) {
    T result = elements[begin];
    // In pieces that stay in the cache when zeros are looked at again.
    for (; begin < end; begin += kSumBlock / 4) {
      result =
          extreme<MAX>(result, extreme_block<MAX>(elements, begin, std::min(begin + kSumBlock / 4, end)));
    }
    results[block] = result;
  });
  if (!done) return CANCELLED;
  T result = results[0];
  for (size_t block = 1; block < blocks; block++) result = extreme<MAX>(result, results[block]);
  if constexpr (is_wide_integer<T>)
    run.result(0, result);
  else
    run.result(0, static_cast<double>(result));
  return DONE;
}

}  // namespace

// Of a. Result 0: floating point, a double; others, digits in base 2^32 from result 0 on, the last signed.
int32_t sum(Run& run) {
  return with_type(run.a().type, [&](auto zero) -> int32_t {
    using T = decltype(zero);
    const auto* elements = static_cast<const T*>(run.a().data);
    const size_t length = run.a().length;
    if constexpr (std::is_floating_point_v<T>) {
      return sum_terms(run, length, [elements](size_t i) { return static_cast<double>(elements[i]); });
    } else {
      return sum_digits(run, length, [elements](size_t begin, size_t end) {
        Digits sum;
        if constexpr (is_wide_integer<T>) {
          for (size_t i = begin; i < end; i++) {
            sum.digits[0] += lower(elements[i]);
            sum.digits[1] += upper(elements[i]);
          }
        } else {
          // 2^13 elements of 32 bits.
          int64_t total = 0;
          for (size_t i = begin; i < end; i++) total += elements[i];
          sum.digits[0] = total;
        }
        return sum;
      });
    }
  });
}

// Of a, which must not be empty. Result 0: a 64-bit integer for those, a double for others.
int32_t min_or_max(Run& run, bool max) {
  if (run.a().length == 0) return MISUSE;
  return with_type(run.a().type, [&](auto zero) -> int32_t {
    using T = decltype(zero);
    const auto* elements = static_cast<const T*>(run.a().data);
    return max ? find_extreme<true>(run, elements, run.a().length)
               : find_extreme<false>(run, elements, run.a().length);
  });
}

// Of a and b. Results as those of SUM, but that integers of 32 bits and less are computed in doubles.
int32_t dot(Run& run) {
  if (run.a().type != run.b().type || run.a().length != run.b().length) return MISUSE;
  return with_type(run.a().type, [&](auto zero) -> int32_t {
    using T = decltype(zero);
    const auto* a = static_cast<const T*>(run.a().data);
    const auto* b = static_cast<const T*>(run.b().data);
    const size_t length = run.a().length;
    if constexpr (is_wide_integer<T>) {
      return sum_digits(run, length,
                        [a, b](size_t begin, size_t end) { return dot_block(a, b, begin, end); });
    } else {
      return sum_terms(run, length,
                       [a, b](size_t i) { return static_cast<double>(a[i]) * static_cast<double>(b[i]); });
    }
  });
}

}  // namespace heddle::kernels

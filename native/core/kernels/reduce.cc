// SUM, MIN, MAX, DOT: one number from all.
//
// Floating-point sums are the same for any number of threads because their order is fixed: element i of
// a block of SUM_BLOCK goes to lane i % SUM_LANES, the lanes of a block are added pairwise, and so are
// the sums of the blocks. The lanes are also what lets the compiler use vector instructions without
// being allowed to change the order. Sums of integers are exact.
#include <algorithm>
#include <array>
#include <bit>
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

// Adds term(i), each a double, to the lanes; all but the last call for a block are of whole rounds.
template <class Term>
void add_terms(double* lanes, size_t begin, size_t end, Term term) {
  double sums[kLanes];
  std::copy_n(lanes, kLanes, sums);
  size_t i = begin;
  for (; i + kLanes <= end; i += kLanes) {
    HEDDLE_LANES
    for (size_t lane = 0; lane < kLanes; lane++) sums[lane] += term(i + lane);
  }
  for (size_t lane = 0; i < end; lane++, i++) sums[lane] += term(i);
  std::copy_n(sums, kLanes, lanes);
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

// add(lanes, begin, end) adds the terms of a block to its lanes.
using AddBlock = void (*)(const Run& run, double* lanes, size_t begin, size_t end);

int32_t sum_lanes(Run& run, AddBlock add) {
  const size_t length = run.a().length;
  Scratch<double> sums(blocks_of(length, kSumBlock));
  if (!sums) return NO_MEMORY;
  run.expect(blocks_of(length, kBlock));
  const bool done = run.each_range(length, kBlock, [&](size_t begin, size_t end, size_t) {
    for (; begin < end; begin += kSumBlock) {
      double lanes[kLanes] = {};
      add(run, lanes, begin, std::min(begin + kSumBlock, end));
      sums[begin / kSumBlock] = pairwise(lanes);
    }
  });
  if (!done) return CANCELLED;
  run.result(0, sum_pairwise(sums.get(), blocks_of(length, kSumBlock)));
  return DONE;
}

template <class T>
void add_elements(const Run& run, double* lanes, size_t begin, size_t end) {
  const auto* a = static_cast<const T*>(run.a().data);
  add_terms(lanes, begin, end, [a](size_t i) { return static_cast<double>(a[i]); });
}

template <class T>
void add_products(const Run& run, double* lanes, size_t begin, size_t end) {
  const auto* a = static_cast<const T*>(run.a().data);
  const auto* b = static_cast<const T*>(run.b().data);
  add_terms(lanes, begin, end,
            [a, b](size_t i) { return static_cast<double>(a[i]) * static_cast<double>(b[i]); });
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

// Returns the sum of a block, at most kSumBlock long.
using SumBlock = Digits (*)(const Run& run, size_t begin, size_t end);

int32_t sum_digits(Run& run, SumBlock part) {
  const size_t length = run.a().length;
  const size_t blocks = blocks_of(length, kBlock);
  Scratch<Digits> sums(blocks);
  if (!sums) return NO_MEMORY;
  run.expect(blocks);
  const bool done = run.each_range(length, kBlock, [&](size_t begin, size_t end, size_t block) {
    Digits sum;
    for (; begin < end; begin += kSumBlock) sum.add(part(run, begin, std::min(begin + kSumBlock, end)));
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
Digits sum_of_elements(const Run& run, size_t begin, size_t end) {
  const auto* elements = static_cast<const T*>(run.a().data);
  Digits sum;
  if constexpr (is_wide_integer<T>) {
    HEDDLE_INTERLEAVED
    for (size_t i = begin; i < end; i++) {
      sum.digits[0] += lower(elements[i]);
      sum.digits[1] += upper(elements[i]);
    }
  } else {
    // 2^13 elements of 32 bits.
    int64_t total = 0;
    HEDDLE_INTERLEAVED
    for (size_t i = begin; i < end; i++) total += elements[i];
    sum.digits[0] = total;
  }
  return sum;
}

template <class T>
Digits sum_of_products(const Run& run, size_t begin, size_t end) {
  const auto* a = static_cast<const T*>(run.a().data);
  const auto* b = static_cast<const T*>(run.b().data);
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

// As Math.max: NaN if there is one, and -0 is less than 0.
template <class T>
T greater_of(T a, T b) {
  if constexpr (std::is_floating_point_v<T>) {
    if (a != a || b != b) return std::numeric_limits<T>::quiet_NaN();
    if (a == b) return std::signbit(a) ? b : a;
  }
  return a < b ? b : a;
}

// The least is the greatest of what has all bits turned over, or of a floating-point number the sign; an
// integer with a sign is compared as one without, or the other way round, by turning that bit over. So the
// greatest is all that is looked for, of elements whose `turned` bits are the other way round.
template <class T>
T turn(T element, KeyOf<T> turned) {
  return std::bit_cast<T>(static_cast<KeyOf<T>>(std::bit_cast<KeyOf<T>>(element) ^ turned));
}

template <class T>
T greatest_of_piece(const T* elements, size_t begin, size_t end, KeyOf<T> turned) {
  constexpr size_t kParallel = 64 / sizeof(T);
  const T first = turn(elements[begin], turned);
  T lanes[kParallel];
  for (T& lane : lanes) lane = first;
  // All bits set where an element was not a number.
  KeyOf<T> strange[kParallel] = {};
  size_t i = begin;
  for (; i + kParallel <= end; i += kParallel) {
    HEDDLE_LANES
    for (size_t lane = 0; lane < kParallel; lane++) {
      const T element = turn(elements[i + lane], turned);
      lanes[lane] = element > lanes[lane] ? element : lanes[lane];
      if constexpr (std::is_floating_point_v<T>) strange[lane] |= element != element;
    }
  }
  T result = first;
  bool any_strange = result != result;
  for (size_t lane = 0; lane < kParallel; lane++) {
    result = greater_of(result, lanes[lane]);
    any_strange = any_strange || strange[lane] != 0;
  }
  for (; i < end; i++) result = greater_of(result, turn(elements[i], turned));
  if constexpr (std::is_floating_point_v<T>) {
    if (any_strange) return std::numeric_limits<T>::quiet_NaN();
    // Comparisons do not tell zeros apart, so where one is the result they are looked at again.
    if (result == 0) {
      for (i = begin; i < end; i++) result = greater_of(result, turn(elements[i], turned));
    }
  }
  return result;
}

// The greatest of a, its `turned` bits still turned over, into `result`.
template <class T>
int32_t find_greatest(Run& run, KeyOf<T> turned, T& result) {
  const auto* elements = static_cast<const T*>(run.a().data);
  const size_t length = run.a().length;
  const size_t blocks = blocks_of(length, kBlock);
  Scratch<T> results(blocks);
  if (!results) return NO_MEMORY;
  run.expect(blocks);
  const bool done = run.each_range(length, kBlock, [&](size_t begin, size_t end, size_t block) {
    // In pieces that stay in the cache when zeros are looked at again.
    constexpr size_t kLength = kSumBlock / 4;
    T greatest = turn(elements[begin], turned);
    for (; begin < end; begin += kLength) {
      greatest =
          greater_of(greatest, greatest_of_piece(elements, begin, std::min(begin + kLength, end), turned));
    }
    results[block] = greatest;
  });
  if (!done) return CANCELLED;
  result = results[0];
  for (size_t block = 1; block < blocks; block++) result = greater_of(result, results[block]);
  return DONE;
}

template <class T>
int32_t find_extreme(Run& run, bool max) {
  // As which processors compare most quickly.
  using Integer = std::conditional_t<sizeof(T) == 1, uint8_t, std::make_signed_t<KeyOf<T>>>;
  using C = std::conditional_t<std::is_floating_point_v<T>, T, Integer>;
  constexpr auto kSign = static_cast<KeyOf<T>>(KeyOf<T>{1} << (8 * sizeof(T) - 1));
  KeyOf<T> turned = 0;
  if (!max) turned = std::is_floating_point_v<T> ? kSign : static_cast<KeyOf<T>>(~KeyOf<T>{0});
  if (std::is_unsigned_v<T> != std::is_unsigned_v<C>) turned ^= kSign;
  C greatest{};
  if (const int32_t outcome = find_greatest<C>(run, turned, greatest); outcome != DONE) return outcome;
  const T result = std::bit_cast<T>(turn(greatest, turned));
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
    if constexpr (std::is_floating_point_v<T>)
      return sum_lanes(run, add_elements<T>);
    else
      return sum_digits(run, sum_of_elements<T>);
  });
}

// Of a, which must not be empty. Result 0: a 64-bit integer for those, a double for others.
int32_t min_or_max(Run& run, bool max) {
  if (run.a().length == 0) return MISUSE;
  return with_type(run.a().type, [&](auto zero) -> int32_t {
    using T = decltype(zero);
    return find_extreme<T>(run, max);
  });
}

// Of a and b. Results as those of SUM, but that integers of 32 bits and less are computed in doubles.
int32_t dot(Run& run) {
  if (run.a().type != run.b().type || run.a().length != run.b().length) return MISUSE;
  return with_type(run.a().type, [&](auto zero) -> int32_t {
    using T = decltype(zero);
    if constexpr (is_wide_integer<T>)
      return sum_digits(run, sum_of_products<T>);
    else
      return sum_lanes(run, add_products<T>);
  });
}

}  // namespace heddle::kernels

// CUMSUM: out[i] is the sum of a[0..i]. 64-bit integers wrap around; all others are added in doubles,
// F32 to F32, the rest to F64.
//
// The order of the additions is fixed, whatever the number of threads: each block of SUM_BLOCK has its
// own running sum, from 0; to it is added the sum of the blocks before, which was made in their order.
#include <algorithm>

#include "convert.h"
#include "run.h"

namespace heddle::kernels {

namespace {

using namespace layout::KernelOutcome;

constexpr size_t kSumBlock = layout::SUM_BLOCK;
// A running sum waits for each addition; several at once do not.
constexpr size_t kChains = kBlock / kSumBlock;

template <class T, class Sum>
void totals_of(const Operand& operand, size_t begin, size_t end, Sum* totals) {
  const auto* elements = static_cast<const T*>(operand.data);
  if (end - begin == kBlock) {
    Sum sums[kChains] = {};
    for (size_t i = 0; i < kSumBlock; i++) {
      HEDDLE_LANES
      for (size_t chain = 0; chain < kChains; chain++) {
        sums[chain] += static_cast<Sum>(elements[begin + chain * kSumBlock + i]);
      }
    }
    std::copy_n(sums, kChains, totals);
    return;
  }
  for (; begin < end; begin += kSumBlock) {
    Sum sum = 0;
    for (size_t i = begin; i < std::min(begin + kSumBlock, end); i++) sum += static_cast<Sum>(elements[i]);
    *totals++ = sum;
  }
}

template <class T, class Sum, class Out>
void write_sums(const Operand& operand, size_t begin, size_t end, const Sum* carries, void* result) {
  const auto* elements = static_cast<const T*>(operand.data);
  auto* out = static_cast<Out*>(result);
  if (end - begin == kBlock) {
    Sum sums[kChains] = {};
    for (size_t i = 0; i < kSumBlock; i++) {
      HEDDLE_LANES
      for (size_t chain = 0; chain < kChains; chain++) {
        const size_t place = begin + chain * kSumBlock + i;
        sums[chain] += static_cast<Sum>(elements[place]);
        out[place] = static_cast<Out>(carries[chain] + sums[chain]);
      }
    }
    return;
  }
  for (; begin < end; begin += kSumBlock, carries++) {
    Sum sum = 0;
    for (size_t i = begin; i < std::min(begin + kSumBlock, end); i++) {
      sum += static_cast<Sum>(elements[i]);
      out[i] = static_cast<Out>(*carries + sum);
    }
  }
}

// Integers of 32 bits and less as doubles, a row of each chain at a time: calls body(element, chain) for
// each, and then after(first, count, row) with each chain's row of elements [first, first + count).
class Rows {
 public:
  Rows(const Operand& operand, size_t begin, size_t end)
      : operand_(operand), convert_(to_doubles(operand.type)), begin_(begin), end_(end) {}

  template <class Body, class After>
  void each(Body&& body, After&& after) {
    for (size_t at = 0; at < kSumBlock; at += kLength) {
      for (size_t chain = 0; chain < kChains; chain++) {
        const size_t count = count_of(chain, at);
        convert_(operand_.data, first_of(chain, at), count, row_[chain]);
        // What is not there does not add to a sum.
        std::fill(row_[chain] + count, row_[chain] + kLength, 0.0);
      }
      for (size_t i = 0; i < kLength; i++) {
        HEDDLE_LANES
        for (size_t chain = 0; chain < kChains; chain++) body(row_[chain][i], chain);
      }
      for (size_t chain = 0; chain < kChains; chain++) {
        after(first_of(chain, at), count_of(chain, at), row_[chain]);
      }
    }
  }

 private:
  static constexpr size_t kLength = 64;
  static_assert(kSumBlock % kLength == 0);

  [[nodiscard]] size_t first_of(size_t chain, size_t at) const { return begin_ + chain * kSumBlock + at; }
  [[nodiscard]] size_t count_of(size_t chain, size_t at) const {
    const size_t first = first_of(chain, at);
    return first < end_ ? std::min(kLength, end_ - first) : 0;
  }

  const Operand& operand_;
  ToDoubles convert_;
  size_t begin_;
  size_t end_;
  double row_[kChains][kLength];
};

void totals_of_integers(const Operand& operand, size_t begin, size_t end, double* totals) {
  double sums[kChains] = {};
  Rows(operand, begin, end)
      .each([&](double element, size_t chain) { sums[chain] += element; },
            [](size_t, size_t, const double*) {});
  std::copy_n(sums, blocks_of(end - begin, kSumBlock), totals);
}

void write_integers(const Operand& operand, size_t begin, size_t end, const double* carries, void* result) {
  auto* out = static_cast<double*>(result);
  double before[kChains] = {};
  std::copy_n(carries, blocks_of(end - begin, kSumBlock), before);
  double sums[kChains] = {};
  Rows(operand, begin, end)
      .each(
          [&](double& element, size_t chain) {
            sums[chain] += element;
            element = before[chain] + sums[chain];
          },
          [out](size_t first, size_t count, const double* row) { std::copy_n(row, count, out + first); });
}

// The loops of a type of elements.
template <class Sum>
struct Loops {
  void (*totals)(const Operand& a, size_t begin, size_t end, Sum* totals);
  void (*write)(const Operand& a, size_t begin, size_t end, const Sum* carries, void* out);
};

template <class Sum>
int32_t running_sums(Run& run, Loops<Sum> loops) {
  void* const out = run.out().data;
  const size_t length = run.a().length;
  const size_t blocks = blocks_of(length, kSumBlock);
  Scratch<Sum> sums(blocks);
  if (!sums) return NO_MEMORY;
  run.expect(2 * blocks_of(length, kBlock));
  const bool added = run.each_range(length, kBlock, [&](size_t begin, size_t end, size_t) {
    loops.totals(run.a(), begin, end, sums.get() + begin / kSumBlock);
  });
  if (!added) return CANCELLED;
  Sum carry = 0;
  for (size_t block = 0; block < blocks; block++) {
    const Sum before = carry;
    carry += sums[block];
    sums[block] = before;
  }
  const bool written = run.each_range(length, kBlock, [&](size_t begin, size_t end, size_t) {
    loops.write(run.a(), begin, end, sums.get() + begin / kSumBlock, out);
  });
  return written ? DONE : CANCELLED;
}

}  // namespace

int32_t cumsum(Run& run) {
  if (run.out().length != run.a().length) return MISUSE;
  return with_type(run.a().type, [&](auto zero) -> int32_t {
    using T = decltype(zero);
    if constexpr (is_wide_integer<T>) {
      if (run.out().type != kTypeOf<T>) return MISUSE;
      // Unsigned: there, wrapping around is what addition does.
      using U = uint64_t;
      return running_sums<U>(run, {totals_of<U, U>, write_sums<U, U, U>});
    } else {
      using Out = Floating<T>;
      if (run.out().type != kTypeOf<Out>) return MISUSE;
      if constexpr (std::is_integral_v<T>)
        return running_sums<double>(run, {totals_of_integers, write_integers});
      else
        return running_sums<double>(run, {totals_of<T, double>, write_sums<T, double, Out>});
    }
  });
}

}  // namespace heddle::kernels

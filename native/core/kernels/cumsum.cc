// CUMSUM: out[i] is the sum of a[0..i]. 64-bit integers wrap around; all others are added in doubles,
// F32 to F32, the rest to F64.
//
// The order of the additions is fixed, whatever the number of threads: each block of SUM_BLOCK has its
// own running sum, from 0; to it is added the sum of the blocks before, which was made in their order.
#include <algorithm>

#include "run.h"

namespace heddle::kernels {

namespace {

using namespace layout::KernelOutcome;

constexpr size_t kSumBlock = layout::SUM_BLOCK;
// A running sum waits for each addition; several at once do not.
constexpr size_t kChains = kBlock / kSumBlock;

template <class T, class Sum>
void totals_of(const T* elements, size_t begin, size_t end, Sum* totals) {
  if (end - begin == kBlock) {
    Sum sums[kChains] = {};
    for (size_t i = 0; i < kSumBlock; i++) {
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
void write_sums(const T* elements, size_t begin, size_t end, const Sum* carries, Out* out) {
  if (end - begin == kBlock) {
    Sum sums[kChains] = {};
    for (size_t i = 0; i < kSumBlock; i++) {
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

template <class T, class Sum, class Out>
int32_t running_sums(Run& run, const T* elements, size_t length, Out* out) {
  const size_t blocks = blocks_of(length, kSumBlock);
  Scratch<Sum> sums(blocks);
  if (!sums) return NO_MEMORY;
  run.expect(2 * blocks_of(length, kBlock));
  const bool added = run.each_range(length, kBlock, [&](size_t begin, size_t end, size_t) {
    totals_of(elements, begin, end, sums.get() + begin / kSumBlock);
  });
  if (!added) return CANCELLED;
  Sum carry = 0;
  for (size_t block = 0; block < blocks; block++) {
    const Sum before = carry;
    carry += sums[block];
    sums[block] = before;
  }
  const bool written = run.each_range(length, kBlock, [&](size_t begin, size_t end, size_t) {
    write_sums(elements, begin, end, sums.get() + begin / kSumBlock, out);
  });
  return written ? DONE : CANCELLED;
}

}  // namespace

int32_t cumsum(Run& run) {
  if (run.out().length != run.a().length) return MISUSE;
  return with_type(run.a().type, [&](auto zero) -> int32_t {
    using T = decltype(zero);
    const auto* elements = static_cast<const T*>(run.a().data);
    const size_t length = run.a().length;
    if constexpr (is_wide_integer<T>) {
      if (run.out().type != kTypeOf<T>) return MISUSE;
      // Unsigned: there, wrapping around is what addition does.
      return running_sums<T, uint64_t>(run, elements, length, static_cast<T*>(run.out().data));
    } else {
      if (run.out().type != kTypeOf<Floating<T>>) return MISUSE;
      return running_sums<T, double>(run, elements, length, static_cast<Floating<T>*>(run.out().data));
    }
  });
}

}  // namespace heddle::kernels

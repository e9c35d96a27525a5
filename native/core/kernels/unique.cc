// UNIQUE: the different elements of a, ascending, at the start of out, which is as long as a, and how
// often each occurs, as U32, in out2; result 0 is how many they are. As in a Set, NaN equals NaN, and -0
// is 0.
#include "run.h"
#include "sort_key.h"

namespace heddle::kernels {

namespace {

using namespace layout::KernelOutcome;

// By their bits: sorting leaves one NaN, and of the zeros there is one from the beginning.
template <class Bits>
int32_t find_unique(Run& run, const Bits* elements, size_t length, Bits* values, uint32_t* counts) {
  const Bits zero_too =
      is_floating(run.a().type) ? static_cast<Bits>(Bits{1} << (8 * sizeof(Bits) - 1)) : Bits{0};
  const size_t blocks = blocks_of(length, kBlock);
  run.expect(2 * blocks);
  const bool copied = run.each_range(length, kBlock, [&](size_t begin, size_t end, size_t) {
    HEDDLE_INDEPENDENT
    for (size_t i = begin; i < end; i++) values[i] = elements[i] == zero_too ? Bits{0} : elements[i];
  });
  if (!copied) return CANCELLED;
  if (const int32_t outcome = sort_operand(run, run.out(), false); outcome != DONE) return outcome;

  size_t found = 0;
  size_t start = 0;
  // Writes behind what it reads: a value is moved down only.
  const auto end_group = [&](size_t end) {
    values[found] = values[start];
    counts[found] = static_cast<uint32_t>(end - start);
    found++;
    start = end;
  };
  for (size_t begin = 0; begin < length; begin += kBlock) {
    if (run.cancelled()) return CANCELLED;
    const size_t end = begin + kBlock < length ? begin + kBlock : length;
    for (size_t i = begin == 0 ? 1 : begin; i < end; i++) {
      if (values[i] != values[i - 1]) end_group(i);
    }
  }
  if (length > 0) end_group(length);
  run.result(0, static_cast<double>(found));
  return DONE;
}

}  // namespace

int32_t unique(Run& run) {
  const size_t length = run.a().length;
  if (run.out().type != run.a().type || run.out().length != length || run.out2().type != ElementType::U32 ||
      run.out2().length != length) {
    return MISUSE;
  }
  return with_key(run.a().type, [&](auto zero) -> int32_t {
    using Bits = decltype(zero);
    return find_unique(run, static_cast<const Bits*>(run.a().data), length,
                       static_cast<Bits*>(run.out().data), static_cast<uint32_t*>(run.out2().data));
  });
}

}  // namespace heddle::kernels

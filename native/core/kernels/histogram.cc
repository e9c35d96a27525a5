// HISTOGRAM: out[i], U32, is how many elements of a are in [b[i], b[i + 1]), or, for the last bin, in
// [b[i], b[i + 1]]. b holds the edges as F64, ascending, one more than there are bins. Parameter 0: bins
// per unit when all are of one width, else 0. 64-bit integers are rounded to doubles first.
#include <algorithm>

#include "convert.h"
#include "run.h"

namespace heddle::kernels {

namespace {

using namespace layout::KernelOutcome;

// Threads' own counts are merged at the end: not more of them than the elements are worth.
constexpr size_t kMostParts = 64;
constexpr size_t kLeastPart = size_t{1} << 17;

class Bins {
 public:
  Bins(const double* edges, size_t count, double per_unit)
      : edges_(edges), count_(count), per_unit_(per_unit), low_(edges[0]), high_(edges[count]) {}

  [[nodiscard]] bool contains(double value) const { return value >= low_ && value <= high_; }

  [[nodiscard]] bool are_even() const { return per_unit_ != 0; }

  // The bin of a value that is contained.
  [[nodiscard]] size_t at(double value) const {
    const double* const after = std::upper_bound(edges_ + 1, edges_ + count_, value);
    return static_cast<size_t>(after - edges_) - 1;
  }

  // The same, quicker, of bins of one width. The quotient may be off by its rounding; the edges decide.
  [[nodiscard]] size_t at_even(double value) const {
    // Signed, as processors have an instruction for that.
    const auto bin = static_cast<size_t>(static_cast<int64_t>((value - low_) * per_unit_));
    if (bin < count_ && value >= edges_[bin] && value < edges_[bin + 1]) [[likely]]
      return bin;
    return at(value);
  }

 private:
  const double* edges_;
  size_t count_;
  double per_unit_;
  double low_;
  double high_;
};

int32_t count_elements(Run& run, const Bins& bins, uint32_t* out, size_t count) {
  const size_t length = run.a().length;
  const size_t part = std::max({kLeastPart, count, blocks_of(length, kMostParts)});
  const size_t parts = blocks_of(length, part);
  Scratch<uint32_t> counts(parts * count);
  if (!counts) return NO_MEMORY;
  run.expect(parts);
  const bool counted = run.each_range(length, part, [&](size_t begin, size_t end, size_t number) {
    uint32_t* const own = counts.get() + number * count;
    std::fill_n(own, count, 0);
    each_piece(run.a(), begin, end, [&](const double* values, size_t piece) {
      if (bins.are_even()) {
        for (size_t i = 0; i < piece; i++) {
          if (bins.contains(values[i])) own[bins.at_even(values[i])]++;
        }
      } else {
        for (size_t i = 0; i < piece; i++) {
          if (bins.contains(values[i])) own[bins.at(values[i])]++;
        }
      }
    });
  });
  if (!counted) return CANCELLED;
  std::fill_n(out, count, 0);
  for (size_t number = 0; number < parts; number++) {
    for (size_t bin = 0; bin < count; bin++) out[bin] += counts[number * count + bin];
  }
  return DONE;
}

}  // namespace

int32_t histogram(Run& run) {
  const size_t count = run.out().length;
  if (run.out().type != ElementType::U32 || run.b().type != ElementType::F64 || count == 0 ||
      run.b().length != count + 1) {
    return MISUSE;
  }
  const Bins bins(static_cast<const double*>(run.b().data), count, run.parameter<double>(0));
  if (to_doubles(run.a().type) == nullptr) return MISUSE;
  return count_elements(run, bins, static_cast<uint32_t*>(run.out().data), count);
}

}  // namespace heddle::kernels

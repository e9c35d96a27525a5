// MATMUL: out = a · b, all in row-major order: a has parameter 0 rows and parameter 1 columns, b that
// many rows and parameter 2 columns. Types as those of CUMSUM.
//
// Each element of the product is added up in the order of a's columns, one product after the other,
// as the plain triple loop does. The tiles only decide which elements are worked on together: their
// sums stay in registers while a strip of a and a panel of b, copied so that they are read straight
// through, stay in the cache.
#include <algorithm>

#include "convert.h"
#include "cpu_features.h"
#include "run.h"

namespace heddle::kernels {

namespace {

using namespace layout::KernelOutcome;

constexpr size_t kTileRows = 4;
constexpr size_t kTileColumns = 8;
// What one block of the loop computes: so many rows of the product, and so many columns.
constexpr size_t kStripRows = 64;
constexpr size_t kPanelColumns = 256;
// Columns of a that are worked on before the next tile.
constexpr size_t kDepth = 256;

#if defined(__GNUC__)
#  define HEDDLE_INLINE [[gnu::always_inline]] inline
#else
#  define HEDDLE_INLINE inline
#endif

// sums[4][8] += a (depth × 4, packed) · b (depth × 8, packed)
template <class Sum>
HEDDLE_INLINE void multiply_tile(const Sum* a, const Sum* b, size_t depth, Sum* sums) {
  Sum tile[kTileRows][kTileColumns];
  HEDDLE_LANES
  for (size_t row = 0; row < kTileRows; row++) {
    HEDDLE_LANES
    for (size_t column = 0; column < kTileColumns; column++)
      tile[row][column] = sums[row * kTileColumns + column];
  }
  for (size_t k = 0; k < depth; k++) {
    HEDDLE_LANES
    for (size_t row = 0; row < kTileRows; row++) {
      const Sum factor = a[k * kTileRows + row];
      HEDDLE_LANES
      for (size_t column = 0; column < kTileColumns; column++) {
        tile[row][column] += factor * b[k * kTileColumns + column];
      }
    }
  }
  HEDDLE_LANES
  for (size_t row = 0; row < kTileRows; row++) {
    HEDDLE_LANES
    for (size_t column = 0; column < kTileColumns; column++)
      sums[row * kTileColumns + column] = tile[row][column];
  }
}

template <class Sum>
void multiply_plain(const Sum* a, const Sum* b, size_t depth, Sum* sums) {
  multiply_tile(a, b, depth, sums);
}

// The same with wider registers. Without FMA, which rounds once where JavaScript rounds twice.
#if defined(__GNUC__) && defined(__x86_64__)
template <class Sum>
[[gnu::target("avx2")]] void multiply_avx2(const Sum* a, const Sum* b, size_t depth, Sum* sums) {
  multiply_tile(a, b, depth, sums);
}

template <class Sum>
auto best_multiply() {
  static const auto best = has_avx2() ? multiply_avx2<Sum> : multiply_plain<Sum>;
  return best;
}
#else
template <class Sum>
auto best_multiply() {
  return multiply_plain<Sum>;
}
#endif

// Elements of either matrix as what their products are summed up in, some at a time.
template <class Sum>
using Convert = void (*)(const void* elements, size_t begin, size_t length, Sum* into);

void convert_integers(const void* elements, size_t begin, size_t length, uint64_t* into) {
  std::copy_n(static_cast<const uint64_t*>(elements) + begin, length, into);
}

// Copies columns of b in panels of kTileColumns, row by row, with zeros beyond the last.
template <class Sum>
void pack_panel(const void* b, Convert<Sum> convert, size_t rows, size_t columns, size_t first, Sum* packed) {
  const size_t width = std::min(kTileColumns, columns - first);
  for (size_t row = 0; row < rows; row++, packed += kTileColumns) {
    convert(b, row * columns + first, width, packed);
    std::fill(packed + width, packed + kTileColumns, Sum{0});
  }
}

// Copies rows of a in strips of kTileRows, column by column, with zeros beyond the last.
template <class Sum>
void pack_strip(const void* a, Convert<Sum> convert, size_t rows, size_t columns, size_t first, Sum* packed) {
  const size_t height = std::min(kTileRows, rows - first);
  Sum piece[kDepth];
  if (height < kTileRows) std::fill_n(packed, kTileRows * columns, Sum{0});
  for (size_t i = 0; i < height; i++) {
    for (size_t column = 0; column < columns; column += kDepth) {
      const size_t length = std::min(kDepth, columns - column);
      convert(a, (first + i) * columns + column, length, piece);
      for (size_t k = 0; k < length; k++) packed[(column + k) * kTileRows + i] = piece[k];
    }
  }
}

// Out: as which the sums go out; unsigned 64-bit integers wrap around, as those with a sign are to.
template <class Sum, class Out>
void write_tile(const Sum* tile, Out* place, size_t height, size_t width, size_t columns) {
  for (size_t row = 0; row < height; row++, place += columns) {
    for (size_t column = 0; column < width; column++) {
      place[column] = static_cast<Out>(tile[row * kTileColumns + column]);
    }
  }
}

template <class Sum>
int32_t multiply(Run& run, Convert<Sum> convert, size_t rows, size_t inner, size_t columns) {
  const size_t strips = blocks_of(rows, kTileRows);
  const size_t panels = blocks_of(columns, kTileColumns);
  Scratch<Sum> packed_a(strips * kTileRows * inner);
  Scratch<Sum> packed_b(panels * kTileColumns * inner);
  if (!packed_a || !packed_b) return NO_MEMORY;
  constexpr size_t kStripsAtOnce = kStripRows / kTileRows;
  constexpr size_t kPanelsAtOnce = kPanelColumns / kTileColumns;
  const size_t down = blocks_of(rows, kStripRows);
  const size_t across = blocks_of(columns, kPanelColumns);
  run.expect(down + across + down * across);

  const bool packed = run.each_range(panels, kPanelsAtOnce, [&](size_t begin, size_t end, size_t) {
    for (size_t i = begin; i < end; i++) {
      pack_panel(run.b().data, convert, inner, columns, i * kTileColumns,
                 packed_b.get() + i * kTileColumns * inner);
    }
  }) && run.each_range(strips, kStripsAtOnce, [&](size_t begin, size_t end, size_t) {
    for (size_t i = begin; i < end; i++) {
      pack_strip(run.a().data, convert, rows, inner, i * kTileRows, packed_a.get() + i * kTileRows * inner);
    }
  });
  if (!packed) return CANCELLED;

  const auto multiply_best = best_multiply<Sum>();
  const bool done = run.each_block(down * across, [&](size_t block) {
    const size_t first_strip = block / across * kStripsAtOnce;
    const size_t last_strip = std::min(first_strip + kStripsAtOnce, strips);
    const size_t first_panel = block % across * kPanelsAtOnce;
    const size_t last_panel = std::min(first_panel + kPanelsAtOnce, panels);
    constexpr size_t kTile = kTileRows * kTileColumns;
    Sum sums[kStripsAtOnce * kPanelsAtOnce * kTile] = {};
    for (size_t k = 0; k < inner; k += kDepth) {
      const size_t depth = std::min(kDepth, inner - k);
      Sum* tile = sums;
      for (size_t strip = first_strip; strip < last_strip; strip++) {
        const Sum* const from_a = packed_a.get() + (strip * inner + k) * kTileRows;
        for (size_t panel = first_panel; panel < last_panel; panel++, tile += kTile) {
          multiply_best(from_a, packed_b.get() + (panel * inner + k) * kTileColumns, depth, tile);
        }
      }
    }
    const Sum* tile = sums;
    for (size_t strip = first_strip; strip < last_strip; strip++) {
      for (size_t panel = first_panel; panel < last_panel; panel++, tile += kTile) {
        const size_t height = std::min(kTileRows, rows - strip * kTileRows);
        const size_t width = std::min(kTileColumns, columns - panel * kTileColumns);
        const size_t place = strip * kTileRows * columns + panel * kTileColumns;
        if constexpr (std::is_same_v<Sum, double>) {
          if (run.out().type == ElementType::F32) {
            write_tile(tile, static_cast<float*>(run.out().data) + place, height, width, columns);
            continue;
          }
        }
        write_tile(tile, static_cast<Sum*>(run.out().data) + place, height, width, columns);
      }
    }
  });
  return done ? DONE : CANCELLED;
}

}  // namespace

int32_t matmul(Run& run) {
  const auto rows = static_cast<size_t>(run.parameter<double>(0));
  const auto inner = static_cast<size_t>(run.parameter<double>(1));
  const auto columns = static_cast<size_t>(run.parameter<double>(2));
  if (run.a().type != run.b().type || run.a().length != rows * inner || run.b().length != inner * columns ||
      run.out().length != rows * columns) {
    return MISUSE;
  }
  const ElementType type = run.a().type;
  if (type == ElementType::I64 || type == ElementType::U64) {
    if (run.out().type != type) return MISUSE;
    return multiply<uint64_t>(run, convert_integers, rows, inner, columns);
  }
  if (run.out().type != (type == ElementType::F32 ? type : ElementType::F64)) return MISUSE;
  const ToDoubles convert = to_doubles(type);
  return convert == nullptr ? MISUSE : multiply<double>(run, convert, rows, inner, columns);
}

}  // namespace heddle::kernels

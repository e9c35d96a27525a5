// Size classes in quarter steps: 1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 20, … A block is at most a
// quarter larger than what was asked for.
#pragma once

#include <bit>
#include <cstdint>

namespace heddle {

// The class of the smallest size ≥ `size`, which is at least 1.
[[nodiscard]] constexpr uint32_t size_class(uint64_t size) {
  if (size <= 8) return static_cast<uint32_t>(size - 1);
  // size - 1 = 1xx… in binary: the two bits after the first choose the quarter.
  auto shift = static_cast<uint32_t>(std::bit_width(size - 1)) - 3;
  return 8 + (shift - 1) * 4 + static_cast<uint32_t>(((size - 1) >> shift) & 3);
}

[[nodiscard]] constexpr uint64_t class_size(uint32_t size_class) {
  if (size_class < 8) return size_class + 1;
  uint32_t shift = (size_class - 8) / 4 + 1;
  return static_cast<uint64_t>((size_class - 8) % 4 + 5) << shift;
}

static_assert(size_class(9) == 8 && class_size(8) == 10);
static_assert(size_class(16) == 11 && class_size(11) == 16);
static_assert(size_class(17) == 12 && class_size(12) == 20);

}  // namespace heddle

// Elements as doubles, some at a time: what is computed in doubles whatever the type of the elements has
// one loop for all of them, on a piece that stays in the cache.
#pragma once

#include "run.h"

namespace heddle::kernels {

// Elements of a piece: so many doubles, and the results, are in every processor's nearest cache.
inline constexpr size_t kPiece = 512;
static_assert(kPiece % layout::SUM_LANES == 0);

using ToDoubles = void (*)(const void* elements, size_t begin, size_t length, double* doubles);

template <class T>
void convert_to_doubles(const void* elements, size_t begin, size_t length, double* doubles) {
  const T* const from = static_cast<const T*>(elements) + begin;
  HEDDLE_INTERLEAVED
  for (size_t i = 0; i < length; i++) doubles[i] = static_cast<double>(from[i]);
}

// Null when there is no such type. 64-bit integers are rounded.
[[nodiscard]] ToDoubles to_doubles(ElementType type);

// Calls body(doubles, end) with elements [begin, end) as doubles, piece by piece. Those that are doubles are
// not copied.
template <class Body>
void each_piece(const Operand& operand, size_t begin, size_t end, Body&& body) {
  if (operand.type == ElementType::F64) {
    body(static_cast<const double*>(operand.data) + begin, end - begin);
    return;
  }
  const ToDoubles convert = to_doubles(operand.type);
  double doubles[kPiece];
  for (size_t length = 0; begin < end; begin += length) {
    length = end - begin < kPiece ? end - begin : kPiece;
    convert(operand.data, begin, length, doubles);
    body(doubles, length);
  }
}

}  // namespace heddle::kernels

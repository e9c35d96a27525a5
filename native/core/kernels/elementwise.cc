// MAP: out[i] = operation(a[i]). COMBINE: out[i] = operation(a[i], b[i]), or with a b of one element for
// all. Control parameter 0 is the operation; CLAMP's bounds are the two elements of b. out may be a or b.
//
// Integers wrap around, as when they are stored into a typed array; what is not an integer by nature
// (SQRT, RECIPROCAL, DIVIDE) is computed in doubles and goes to F64. Rounding is to nearest everywhere,
// so that a float result is the double result rounded, as JavaScript has it.
#include <bit>
#include <cmath>

#include "run.h"
#include "sort_key.h"

namespace heddle::kernels {

namespace {

using namespace layout::KernelOutcome;
namespace Map = layout::MapOperation;
namespace Combine = layout::CombineOperation;

// Unsigned integers of at least 32 bits wrap around; narrower ones would be promoted to int.
template <class T>
using Wrapping = std::conditional_t<sizeof(T) == 8, uint64_t, uint32_t>;

template <class T, class Function>
int32_t loop_map(Run& run, Function function) {
  using Out = decltype(function(T{}));
  if (run.out().type != kTypeOf<Out> && run.out().type != run.a().type) return MISUSE;
  if (sizeof(Out) != sizeof(T) && run.out().type == run.a().type) return MISUSE;
  if (run.out().length != run.a().length) return MISUSE;
  const auto* a = static_cast<const T*>(run.a().data);
  auto* out = static_cast<Out*>(run.out().data);
  run.expect(blocks_of(run.a().length, kBlock));
  const bool done = run.each_range(run.a().length, kBlock, [&](size_t begin, size_t end, size_t) {
    HEDDLE_INDEPENDENT
    for (size_t i = begin; i < end; i++) out[i] = function(a[i]);
  });
  return done ? DONE : CANCELLED;
}

template <class T, class Function>
int32_t loop_combine(Run& run, Function function) {
  using Out = decltype(function(T{}, T{}));
  if (run.out().type != kTypeOf<Out> && run.out().type != run.a().type) return MISUSE;
  if (sizeof(Out) != sizeof(T) && run.out().type == run.a().type) return MISUSE;
  const size_t length = run.a().length;
  if (run.out().length != length || run.b().type != run.a().type) return MISUSE;
  const bool scalar = run.parameter<double>(1) != 0;
  if (run.b().length != (scalar ? 1 : length)) return MISUSE;
  const auto* a = static_cast<const T*>(run.a().data);
  const auto* b = static_cast<const T*>(run.b().data);
  auto* out = static_cast<Out*>(run.out().data);
  run.expect(blocks_of(length, kBlock));
  const bool done = run.each_range(length, kBlock, [&](size_t begin, size_t end, size_t) {
    if (scalar) {
      const T other = *b;
      HEDDLE_INDEPENDENT
      for (size_t i = begin; i < end; i++) out[i] = function(a[i], other);
    } else {
      HEDDLE_INDEPENDENT
      for (size_t i = begin; i < end; i++) out[i] = function(a[i], b[i]);
    }
  });
  return done ? DONE : CANCELLED;
}

// Math.round: halves go up, and what rounds to zero keeps its sign.
double round_half_up(double value) {
  const double up = std::ceil(value);
  return up - 0.5 > value ? up - 1 : up;
}

template <class T>
int32_t map_floats(Run& run, int32_t operation) {
  using Key = KeyOf<T>;
  constexpr Key kSign = SortKey<T>::kSign;
  switch (operation) {
    case Map::NEGATE:
      return loop_map<T>(run, [](T x) { return -x; });
    case Map::ABS:
      return loop_map<T>(
          run, [](T x) { return std::bit_cast<T>(static_cast<Key>(std::bit_cast<Key>(x) & ~kSign)); });
    case Map::SIGN:
      return loop_map<T>(run, [](T x) { return x > 0 ? T{1} : x < 0 ? T{-1} : x; });
    case Map::SQUARE:
      return loop_map<T>(run, [](T x) { return x * x; });
    case Map::SQRT:
      return loop_map<T>(run, [](T x) { return std::sqrt(x); });
    case Map::RECIPROCAL:
      return loop_map<T>(run, [](T x) { return T{1} / x; });
    case Map::FLOOR:
      return loop_map<T>(run, [](T x) { return std::floor(x); });
    case Map::CEIL:
      return loop_map<T>(run, [](T x) { return std::ceil(x); });
    case Map::TRUNC:
      return loop_map<T>(run, [](T x) { return std::trunc(x); });
    case Map::ROUND:
      return loop_map<T>(run, [](T x) { return static_cast<T>(round_half_up(x)); });
    default:
      return MISUSE;
  }
}

template <class T>
int32_t map_integers(Run& run, int32_t operation) {
  using W = Wrapping<T>;
  switch (operation) {
    case Map::NEGATE:
      return loop_map<T>(run, [](T x) { return static_cast<T>(W{0} - static_cast<W>(x)); });
    case Map::ABS:
      return loop_map<T>(run, [](T x) { return x < 0 ? static_cast<T>(W{0} - static_cast<W>(x)) : x; });
    case Map::SIGN:
      return loop_map<T>(run, [](T x) { return static_cast<T>((x > 0) - (x < 0)); });
    case Map::SQUARE:
      return loop_map<T>(run, [](T x) { return static_cast<T>(static_cast<W>(x) * static_cast<W>(x)); });
    case Map::NOT:
      return loop_map<T>(run, [](T x) { return static_cast<T>(~x); });
    case Map::FLOOR:
    case Map::CEIL:
    case Map::TRUNC:
    case Map::ROUND:
      return loop_map<T>(run, [](T x) { return x; });
    default:
      break;
  }
  if constexpr (!is_wide_integer<T>) {
    if (operation == Map::SQRT) {
      return loop_map<T>(run, [](T x) { return std::sqrt(static_cast<double>(x)); });
    }
    if (operation == Map::RECIPROCAL) {
      return loop_map<T>(run, [](T x) { return 1 / static_cast<double>(x); });
    }
  }
  return MISUSE;
}

template <class T>
int32_t clamp(Run& run) {
  if (run.b().type != run.a().type || run.b().length != 2) return MISUSE;
  const T low = static_cast<const T*>(run.b().data)[0];
  const T high = static_cast<const T*>(run.b().data)[1];
  return loop_map<T>(run, [low, high](T x) { return x < low ? low : x > high ? high : x; });
}

// See extreme() in reduce.cc; without branches.
template <bool MAX, class T>
T extreme_of(T a, T b) {
  if constexpr (std::is_floating_point_v<T>) {
    using Key = KeyOf<T>;
    const Key bits_a = std::bit_cast<Key>(a);
    const Key bits_b = std::bit_cast<Key>(b);
    // Equal numbers have equal bits, but for zeros, of which -0 has one more.
    const T equal = std::bit_cast<T>(static_cast<Key>(MAX ? bits_a & bits_b : bits_a | bits_b));
    const T differing = (MAX ? a > b : a < b) ? a : b;
    const T number = a == b ? equal : differing;
    return a != a ? a : b != b ? b : number;
  } else {
    return (MAX ? a > b : a < b) ? a : b;
  }
}

template <class T>
int32_t combine_floats(Run& run, int32_t operation) {
  switch (operation) {
    case Combine::ADD:
      return loop_combine<T>(run, [](T a, T b) { return a + b; });
    case Combine::SUBTRACT:
      return loop_combine<T>(run, [](T a, T b) { return a - b; });
    case Combine::MULTIPLY:
      return loop_combine<T>(run, [](T a, T b) { return a * b; });
    case Combine::DIVIDE:
      return loop_combine<T>(run, [](T a, T b) { return a / b; });
    case Combine::MIN:
      return loop_combine<T>(run, extreme_of<false, T>);
    case Combine::MAX:
      return loop_combine<T>(run, extreme_of<true, T>);
    default:
      return MISUSE;
  }
}

template <class T>
int32_t combine_integers(Run& run, int32_t operation) {
  using W = Wrapping<T>;
  switch (operation) {
    case Combine::ADD:
      return loop_combine<T>(run,
                             [](T a, T b) { return static_cast<T>(static_cast<W>(a) + static_cast<W>(b)); });
    case Combine::SUBTRACT:
      return loop_combine<T>(run,
                             [](T a, T b) { return static_cast<T>(static_cast<W>(a) - static_cast<W>(b)); });
    case Combine::MULTIPLY:
      return loop_combine<T>(run,
                             [](T a, T b) { return static_cast<T>(static_cast<W>(a) * static_cast<W>(b)); });
    case Combine::MIN:
      return loop_combine<T>(run, extreme_of<false, T>);
    case Combine::MAX:
      return loop_combine<T>(run, extreme_of<true, T>);
    case Combine::AND:
      return loop_combine<T>(run, [](T a, T b) { return static_cast<T>(a & b); });
    case Combine::OR:
      return loop_combine<T>(run, [](T a, T b) { return static_cast<T>(a | b); });
    case Combine::XOR:
      return loop_combine<T>(run, [](T a, T b) { return static_cast<T>(a ^ b); });
    default:
      break;
  }
  if constexpr (!is_wide_integer<T>) {
    if (operation == Combine::DIVIDE) {
      return loop_combine<T>(run, [](T a, T b) { return static_cast<double>(a) / static_cast<double>(b); });
    }
  }
  return MISUSE;
}

}  // namespace

int32_t map(Run& run) {
  const auto operation = static_cast<int32_t>(run.parameter<double>(0));
  return with_type(run.a().type, [&](auto zero) -> int32_t {
    using T = decltype(zero);
    if (operation == Map::CLAMP) return clamp<T>(run);
    if constexpr (std::is_floating_point_v<T>)
      return map_floats<T>(run, operation);
    else
      return map_integers<T>(run, operation);
  });
}

int32_t combine(Run& run) {
  const auto operation = static_cast<int32_t>(run.parameter<double>(0));
  return with_type(run.a().type, [&](auto zero) -> int32_t {
    using T = decltype(zero);
    if constexpr (std::is_floating_point_v<T>)
      return combine_floats<T>(run, operation);
    else
      return combine_integers<T>(run, operation);
  });
}

}  // namespace heddle::kernels

// MAP: out[i] = operation(a[i]). COMBINE: out[i] = operation(a[i], b[i]), or with a b of one element for
// all. Control parameter 0 is the operation; CLAMP's bounds are the two elements of b. out may be a or b.
//
// Integers wrap around, as when they are stored into a typed array; what is not an integer by nature
// (SQRT, RECIPROCAL, DIVIDE) is computed in doubles and goes to F64. Rounding is to nearest everywhere,
// so that a float result is the double result rounded, as JavaScript has it.
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "convert.h"
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

// A loop over some elements. The operands may be the same array. `b` is null for operations on one array,
// and for CLAMP the two bounds.
using Loop = void (*)(const void* a, const void* b, void* out, size_t length);

// Function is a lambda without captures, so that the loop has it in its type.
template <class T, class Function>
void loop_map(const void* a, const void* /*b*/, void* out, size_t length) {
  const auto* from = static_cast<const T*>(a);
  auto* to = static_cast<T*>(out);
  HEDDLE_INDEPENDENT
  for (size_t i = 0; i < length; i++) to[i] = Function{}(from[i]);
}
template <class T, class Function>
Loop map_with(Function /*function*/) {
  return loop_map<T, Function>;
}

template <class T, class Function>
void loop_combine(const void* a, const void* b, void* out, size_t length) {
  const auto* from_a = static_cast<const T*>(a);
  const auto* from_b = static_cast<const T*>(b);
  auto* to = static_cast<T*>(out);
  HEDDLE_INDEPENDENT
  for (size_t i = 0; i < length; i++) to[i] = Function{}(from_a[i], from_b[i]);
}
template <class T, class Function>
Loop combine_with(Function /*function*/) {
  return loop_combine<T, Function>;
}

template <class T>
void loop_clamp(const void* a, const void* b, void* out, size_t length) {
  const auto* from = static_cast<const T*>(a);
  auto* to = static_cast<T*>(out);
  const T low = static_cast<const T*>(b)[0];
  const T high = static_cast<const T*>(b)[1];
  HEDDLE_INDEPENDENT
  for (size_t i = 0; i < length; i++) to[i] = from[i] < low ? low : from[i] > high ? high : from[i];
}

template <class T>
void loop_copy(const void* a, const void* /*b*/, void* out, size_t length) {
  std::memmove(out, a, length * sizeof(T));
}

// Math.round: halves go up, and what rounds to zero keeps its sign.
double round_half_up(double value) {
  const double up = std::ceil(value);
  return up - 0.5 > value ? up - 1 : up;
}

template <class T>
Loop map_floats(int32_t operation) {
  switch (operation) {
    case Map::NEGATE:
      return map_with<T>([](T x) { return -x; });
    case Map::ABS:
      return map_with<T>([](T x) { return std::fabs(x); });
    case Map::SIGN:
      return map_with<T>([](T x) { return x > 0 ? T{1} : x < 0 ? T{-1} : x; });
    case Map::SQUARE:
      return map_with<T>([](T x) { return x * x; });
    case Map::SQRT:
      return map_with<T>([](T x) { return std::sqrt(x); });
    case Map::RECIPROCAL:
      return map_with<T>([](T x) { return T{1} / x; });
    case Map::FLOOR:
      return map_with<T>([](T x) { return std::floor(x); });
    case Map::CEIL:
      return map_with<T>([](T x) { return std::ceil(x); });
    case Map::TRUNC:
      return map_with<T>([](T x) { return std::trunc(x); });
    case Map::ROUND:
      return map_with<T>([](T x) { return static_cast<T>(round_half_up(x)); });
    case Map::CLAMP:
      return loop_clamp<T>;
    default:
      return nullptr;
  }
}

// Of integers with and without a sign, for what wraps around is the same for both.
template <class T>
Loop map_integers(int32_t operation) {
  using Bits = std::make_unsigned_t<T>;
  using W = Wrapping<T>;
  switch (operation) {
    case Map::NEGATE:
      return map_with<Bits>([](Bits x) { return static_cast<Bits>(W{0} - x); });
    case Map::SQUARE:
      return map_with<Bits>([](Bits x) { return static_cast<Bits>(W{x} * W{x}); });
    case Map::NOT:
      return map_with<Bits>([](Bits x) { return static_cast<Bits>(~x); });
    case Map::SIGN:
      return map_with<T>([](T x) { return static_cast<T>((x > 0) - (x < 0)); });
    case Map::CLAMP:
      return loop_clamp<T>;
    case Map::ABS:
      if constexpr (std::is_signed_v<T>) {
        return map_with<T>([](T x) { return x < 0 ? static_cast<T>(W{0} - static_cast<W>(x)) : x; });
      }
      [[fallthrough]];
    case Map::FLOOR:
    case Map::CEIL:
    case Map::TRUNC:
    case Map::ROUND:
      return loop_copy<T>;
    default:
      return nullptr;
  }
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
Loop combine_floats(int32_t operation) {
  switch (operation) {
    case Combine::ADD:
      return combine_with<T>([](T a, T b) { return a + b; });
    case Combine::SUBTRACT:
      return combine_with<T>([](T a, T b) { return a - b; });
    case Combine::MULTIPLY:
      return combine_with<T>([](T a, T b) { return a * b; });
    case Combine::DIVIDE:
      return combine_with<T>([](T a, T b) { return a / b; });
    case Combine::MIN:
      return combine_with<T>([](T a, T b) { return extreme_of<false>(a, b); });
    case Combine::MAX:
      return combine_with<T>([](T a, T b) { return extreme_of<true>(a, b); });
    default:
      return nullptr;
  }
}

template <class T>
Loop combine_integers(int32_t operation) {
  using Bits = std::make_unsigned_t<T>;
  using W = Wrapping<T>;
  switch (operation) {
    case Combine::ADD:
      return combine_with<Bits>([](Bits a, Bits b) { return static_cast<Bits>(W{a} + W{b}); });
    case Combine::SUBTRACT:
      return combine_with<Bits>([](Bits a, Bits b) { return static_cast<Bits>(W{a} - W{b}); });
    case Combine::MULTIPLY:
      return combine_with<Bits>([](Bits a, Bits b) { return static_cast<Bits>(W{a} * W{b}); });
    case Combine::AND:
      return combine_with<Bits>([](Bits a, Bits b) { return static_cast<Bits>(a & b); });
    case Combine::OR:
      return combine_with<Bits>([](Bits a, Bits b) { return static_cast<Bits>(a | b); });
    case Combine::XOR:
      return combine_with<Bits>([](Bits a, Bits b) { return static_cast<Bits>(a ^ b); });
    case Combine::MIN:
      return combine_with<T>([](T a, T b) { return extreme_of<false>(a, b); });
    case Combine::MAX:
      return combine_with<T>([](T a, T b) { return extreme_of<true>(a, b); });
    default:
      return nullptr;
  }
}

// Integers of at most 32 bits, of which every one is a double.
[[nodiscard]] bool is_narrow_integer(ElementType type) {
  const size_t size = size_of(type);
  return !is_floating(type) && size > 0 && size < sizeof(double);
}

// What a kernel does with its elements: `loop`, on them or on what doubles they are.
struct Work {
  Loop loop = nullptr;
  bool in_doubles = false;
  // One element for all, or none of a second array.
  bool scalar = false;
  bool two = false;
};

// Length of what the repeated element of a scalar fills: as long as a piece of doubles.
constexpr size_t kRepeatedBytes = kPiece * sizeof(double);

int32_t compute(Run& run, const Work& work) {
  if (work.loop == nullptr) return MISUSE;
  const Operand& a = run.a();
  const Operand& b = run.b();
  const Operand& out = run.out();
  if (out.type != (work.in_doubles ? ElementType::F64 : a.type) || out.length != a.length) return MISUSE;
  const size_t size = size_of(a.type);
  // Of what the loop reads.
  const size_t width = work.in_doubles ? sizeof(double) : size;
  const ToDoubles convert = work.in_doubles ? to_doubles(a.type) : nullptr;
  alignas(64) std::byte repeated[kRepeatedBytes];
  if (work.scalar) {
    std::byte element[sizeof(double)];
    if (work.in_doubles) {
      double value = 0;
      convert(b.data, 0, 1, &value);
      std::memcpy(element, &value, sizeof value);
    } else {
      std::memcpy(element, b.data, size);
    }
    for (size_t at = 0; at < kRepeatedBytes; at += width) std::memcpy(repeated + at, element, width);
  }
  // Without what needs a piece, a block is one.
  const size_t piece = work.in_doubles ? kPiece : work.scalar ? kRepeatedBytes / width : kBlock;

  run.expect(blocks_of(a.length, kBlock));
  const bool done = run.each_range(a.length, kBlock, [&](size_t begin, size_t end, size_t) {
    double doubles_a[kPiece];
    double doubles_b[kPiece];
    for (size_t length = 0; begin < end; begin += length) {
      length = std::min(piece, end - begin);
      const void* from_a = static_cast<const std::byte*>(a.data) + begin * size;
      const void* from_b = b.data;
      if (work.scalar)
        from_b = repeated;
      else if (work.two)
        from_b = static_cast<const std::byte*>(b.data) + begin * size;
      if (work.in_doubles) {
        convert(a.data, begin, length, doubles_a);
        from_a = doubles_a;
        if (work.two && !work.scalar) {
          convert(b.data, begin, length, doubles_b);
          from_b = doubles_b;
        }
      }
      work.loop(from_a, from_b, static_cast<std::byte*>(out.data) + begin * width, length);
    }
  });
  return done ? DONE : CANCELLED;
}

template <class Floats, class Integers>
Loop loop_for(ElementType type, Floats&& floats, Integers&& integers) {
  Loop loop = nullptr;
  const int32_t outcome = with_type(type, [&](auto zero) -> int32_t {
    if constexpr (std::is_floating_point_v<decltype(zero)>)
      loop = floats(zero);
    else
      loop = integers(zero);
    return DONE;
  });
  return outcome == DONE ? loop : nullptr;
}

}  // namespace

int32_t map(Run& run) {
  const auto operation = static_cast<int32_t>(run.parameter<double>(0));
  const Operand& a = run.a();
  if (operation == Map::CLAMP && (run.b().type != a.type || run.b().length != 2)) return MISUSE;
  Work work;
  work.in_doubles = is_narrow_integer(a.type) && (operation == Map::SQRT || operation == Map::RECIPROCAL);
  work.loop = loop_for(
      work.in_doubles ? ElementType::F64 : a.type,
      [&](auto zero) { return map_floats<decltype(zero)>(operation); },
      [&](auto zero) { return map_integers<decltype(zero)>(operation); });
  return compute(run, work);
}

int32_t combine(Run& run) {
  const auto operation = static_cast<int32_t>(run.parameter<double>(0));
  const Operand& a = run.a();
  Work work;
  work.two = true;
  work.scalar = run.parameter<double>(1) != 0;
  if (run.b().type != a.type || run.b().length != (work.scalar ? 1 : a.length)) return MISUSE;
  work.in_doubles = is_narrow_integer(a.type) && operation == Combine::DIVIDE;
  work.loop = loop_for(
      work.in_doubles ? ElementType::F64 : a.type,
      [&](auto zero) { return combine_floats<decltype(zero)>(operation); },
      [&](auto zero) { return combine_integers<decltype(zero)>(operation); });
  return compute(run, work);
}

}  // namespace heddle::kernels

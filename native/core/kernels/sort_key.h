// Numbers as unsigned integers of the same order: that of TypedArray.prototype.sort, which puts -0
// before 0 and every NaN last. All NaN are one key, so what comes back from a key is the plain NaN.
//
// Sorting reads and writes elements as these integers only, whatever their type: what the types of one
// width differ in are values of KeyOrder, not code.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "run.h"

namespace heddle::kernels {

template <size_t SIZE>
struct KeyOfSize;
template <>
struct KeyOfSize<1> {
  using Type = uint8_t;
};
template <>
struct KeyOfSize<2> {
  using Type = uint16_t;
};
template <>
struct KeyOfSize<4> {
  using Type = uint32_t;
};
template <>
struct KeyOfSize<8> {
  using Type = uint64_t;
};
template <class T>
using KeyOf = typename KeyOfSize<sizeof(T)>::Type;

// How the bits of integers become keys, and of floating-point numbers. Key may be wider than integers, whose
// bits it then has with zeros above them.
template <class Key, bool FLOATING>
struct KeyOrder;

template <class Key>
struct KeyOrder<Key, false> {
  // Turned over of each element: the sign, if there is one, and all bits for descending order.
  Key turned = 0;

  // Of integers of so many bytes.
  [[nodiscard]] static KeyOrder of(size_t size, bool with_sign, bool descending) {
    const uint64_t sign = with_sign ? uint64_t{1} << (8 * size - 1) : 0;
    return {static_cast<Key>(descending ? ~sign : sign)};
  }
  [[nodiscard]] Key key(Key bits) const { return static_cast<Key>(bits ^ turned); }
  [[nodiscard]] Key bits(Key key) const { return static_cast<Key>(key ^ turned); }
};

template <class Key>
struct KeyOrder<Key, true> {
  static constexpr int kSignBit = 8 * sizeof(Key) - 1;
  static constexpr Key kSign = Key{1} << kSignBit;
  static constexpr Key kInfinity = sizeof(Key) == 8 ? static_cast<Key>(0x7FF0'0000'0000'0000) : 0x7F80'0000;
  // The quiet NaN with nothing else in it.
  static constexpr Key kNan = kInfinity | (kInfinity >> 1) | kSign;

  // Turned over of every key: all bits for descending order.
  Key turned = 0;

  [[nodiscard]] static KeyOrder of(size_t /*size*/, bool /*with_sign*/, bool descending) {
    return {descending ? ~Key{0} : Key{0}};
  }
  [[nodiscard]] Key key(Key bits) const {
    // The sign is turned over, and of a negative number all else too.
    const Key straight = bits ^ (-(bits >> kSignBit) | kSign);
    return ((bits << 1) > (kInfinity << 1) ? kNan : straight) ^ turned;
  }
  [[nodiscard]] Key bits(Key key) const {
    const Key straight = key ^ turned;
    return straight ^ (((straight >> kSignBit) - 1) | kSign);
  }
};

[[nodiscard]] constexpr size_t size_of(ElementType type) {
  switch (type) {
    case ElementType::I8:
    case ElementType::U8:
      return 1;
    case ElementType::I16:
    case ElementType::U16:
      return 2;
    case ElementType::I32:
    case ElementType::U32:
    case ElementType::F32:
      return 4;
    case ElementType::I64:
    case ElementType::U64:
    case ElementType::F64:
      return 8;
    default:
      return 0;
  }
}

// Calls body with a value of the unsigned integers as wide as the elements; MISUSE when there is none.
template <class Body>
[[nodiscard]] int32_t with_key(ElementType type, Body&& body) {
  switch (size_of(type)) {
    case 1:
      return body(uint8_t{});
    case 2:
      return body(uint16_t{});
    case 4:
      return body(uint32_t{});
    case 8:
      return body(uint64_t{});
    default:
      return layout::KernelOutcome::MISUSE;
  }
}

[[nodiscard]] constexpr bool is_floating(ElementType type) {
  return type == ElementType::F32 || type == ElementType::F64;
}

[[nodiscard]] constexpr bool has_sign(ElementType type) {
  return type == ElementType::I8 || type == ElementType::I16 || type == ElementType::I32 ||
         type == ElementType::I64;
}

// Calls body with a value of the unsigned integers as wide as the elements and their order; MISUSE when there
// is none. Of keys as wide as `Least` or wider.
template <class Least, class Body>
[[nodiscard]] int32_t with_order(ElementType type, bool descending, Body&& body) {
  return with_key(type, [&](auto zero) -> int32_t {
    using Bits = decltype(zero);
    using Key = std::conditional_t<(sizeof(Bits) < sizeof(Least)), Least, Bits>;
    if constexpr (sizeof(Bits) >= sizeof(float)) {
      if (is_floating(type)) return body(zero, KeyOrder<Key, true>::of(sizeof(Bits), true, descending));
    }
    return body(zero, KeyOrder<Key, false>::of(sizeof(Bits), has_sign(type), descending));
  });
}

}  // namespace heddle::kernels

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

// How the bits of elements become keys. Key may be wider than the elements, whose bits it then has with
// zeros above them.
template <class Key>
struct KeyOrder {
  static constexpr int kSignBit = 8 * sizeof(Key) - 1;

  // The bit that is turned over of each element; none for unsigned integers.
  Key sign = 0;
  // What else is turned over of a negative one: all bits of a floating-point number.
  Key negative = 0;
  // Twice the bits of infinity, without the sign: what has more is not a number.
  Key infinity_twice = static_cast<Key>(~Key{0});
  Key nan = 0;
  // Turned over of every key for descending order.
  Key flip = 0;

  // Of a type of elements.
  [[nodiscard]] static KeyOrder of_type(ElementType type, bool descending) {
    KeyOrder order;
    switch (type) {
      case ElementType::I8:
        order.sign = 0x80;
        break;
      case ElementType::I16:
        order.sign = static_cast<Key>(0x8000);
        break;
      case ElementType::I32:
        order.sign = static_cast<Key>(0x8000'0000);
        break;
      case ElementType::I64:
        order.sign = static_cast<Key>(0x8000'0000'0000'0000);
        break;
      case ElementType::F32:
        order = of_floats(0x7F80'0000);
        break;
      case ElementType::F64:
        order = of_floats(0x7FF0'0000'0000'0000);
        break;
      default:
        break;
    }
    if (descending) order.flip = static_cast<Key>(~Key{0});
    return order;
  }

  [[nodiscard]] Key key(Key bits) const {
    const Key mask = static_cast<Key>((-(bits >> kSignBit) & negative) | sign);
    const bool number = static_cast<Key>(bits << 1) <= infinity_twice;
    return static_cast<Key>((number ? bits ^ mask : nan) ^ flip);
  }

  [[nodiscard]] Key bits(Key key) const {
    const Key straight = static_cast<Key>(key ^ flip);
    return static_cast<Key>(straight ^ ((((straight >> kSignBit) - 1) & negative) | sign));
  }

 private:
  [[nodiscard]] static KeyOrder of_floats(uint64_t infinity) {
    KeyOrder order;
    order.sign = static_cast<Key>(Key{1} << kSignBit);
    order.negative = static_cast<Key>(~Key{0});
    order.infinity_twice = static_cast<Key>(infinity << 1);
    // The quiet NaN with nothing else in it.
    order.nan = static_cast<Key>(infinity | (infinity >> 1) | order.sign);
    return order;
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

}  // namespace heddle::kernels

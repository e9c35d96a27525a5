// Numbers as unsigned integers of the same order: that of TypedArray.prototype.sort, which puts -0
// before 0 and every NaN last. All NaN are one key, so what comes back from a key is the plain NaN.
//
// Sorting reads and writes elements as these integers only, whatever their type.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <type_traits>

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

template <class T>
struct SortKey {
  using Key = KeyOf<T>;
  static constexpr int kBits = 8 * sizeof(T);
  static constexpr Key kSign = static_cast<Key>(Key{1} << (kBits - 1));

  [[nodiscard]] static Key of(Key bits) {
    if constexpr (std::is_floating_point_v<T>) {
      // Beside NaN every sign bit is set for a positive number, and a negative one is turned over.
      const Key mask = static_cast<Key>(-(bits >> (kBits - 1))) | kSign;
      return static_cast<Key>(bits << 1) > kInfinityTwice ? kNan : static_cast<Key>(bits ^ mask);
    } else if constexpr (std::is_signed_v<T>) {
      return static_cast<Key>(bits ^ kSign);
    } else {
      return bits;
    }
  }

  [[nodiscard]] static Key bits(Key key) {
    if constexpr (std::is_floating_point_v<T>) {
      return static_cast<Key>(key ^ (static_cast<Key>((key >> (kBits - 1)) - 1) | kSign));
    } else if constexpr (std::is_signed_v<T>) {
      return static_cast<Key>(key ^ kSign);
    } else {
      return key;
    }
  }

 private:
  static constexpr Key infinity() {
    if constexpr (std::is_same_v<T, double>) return 0x7FF0'0000'0000'0000;
    if constexpr (std::is_same_v<T, float>) return 0x7F80'0000;
    return 0;
  }
  static constexpr Key kInfinityTwice = static_cast<Key>(infinity() << 1);
  // The quiet NaN with nothing else in it.
  static constexpr Key kNan = static_cast<Key>((infinity() | (infinity() >> 1)) | kSign);
};

}  // namespace heddle::kernels

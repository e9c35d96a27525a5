// Keys of priority queues: byte strings whose order, byte by byte, is the order of what they encode
// (lib/queues/priority-key.ts writes them).
//
//   key     = element
//   element = 0x10 number   8 bytes: the double as big-endian bits, made to order by flipping the sign
//                           bit, or all bits of a negative one; 1 byte n and n bytes: what orders big
//                           integers that are the same double, n = 0 where none are
//           | 0x18 date     as a number: its time
//           | 0x20 string   bytes, 0x00 written as 0x00 0xFF, then 0x00 0x00
//           | 0x30 array    its elements, then 0x01
//
// The end of an array sorts before any element, as a prefix does. Where two keys have elements of
// different classes they cannot be compared.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace heddle {

using Key = std::span<const uint8_t>;

struct KeyOrder {
  // Negative, 0 or positive, as of memcmp. Total even where keys are not comparable.
  int order;
  bool comparable;
};

[[nodiscard]] KeyOrder compare_keys(Key a, Key b);

}  // namespace heddle

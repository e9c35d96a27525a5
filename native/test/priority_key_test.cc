// Keys: their order is that of what they encode, and different classes do not compare.
#include "core/priority_key.h"

#include <gtest/gtest.h>

#include <bit>
#include <string>
#include <vector>

namespace heddle {

namespace {

using Bytes = std::vector<uint8_t>;

Bytes join(std::initializer_list<Bytes> parts) {
  Bytes all;
  for (const Bytes& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

Bytes number(double value, const Bytes& tie_break = {}) {
  auto bits = std::bit_cast<uint64_t>(value);
  bits = (bits >> 63) != 0 ? ~bits : bits | uint64_t{1} << 63;
  Bytes key(1, 0x10);
  for (int shift = 56; shift >= 0; shift -= 8) key.push_back(static_cast<uint8_t>(bits >> shift));
  key.push_back(static_cast<uint8_t>(tie_break.size()));
  return join({key, tie_break});
}

Bytes date(double time) {
  Bytes key = number(time);
  key[0] = 0x18;
  return key;
}

Bytes text(const std::string& value) {
  Bytes key(1, 0x20);
  for (char c : value) {
    key.push_back(static_cast<uint8_t>(c));
    if (c == 0) key.push_back(0xFF);
  }
  key.push_back(0);
  key.push_back(0);
  return key;
}

Bytes array(std::initializer_list<Bytes> elements) {
  return join({Bytes(1, 0x30), join(elements), Bytes(1, 0x01)});
}

void expect_ascending(const std::vector<Bytes>& keys) {
  for (size_t i = 0; i < keys.size(); i++) {
    for (size_t j = 0; j < keys.size(); j++) {
      KeyOrder found = compare_keys(keys[i], keys[j]);
      EXPECT_TRUE(found.comparable) << i << ' ' << j;
      EXPECT_EQ(found.order < 0, i < j) << i << ' ' << j;
      EXPECT_EQ(found.order > 0, i > j) << i << ' ' << j;
    }
  }
}

void expect_incomparable(const Bytes& a, const Bytes& b) {
  KeyOrder there = compare_keys(a, b);
  KeyOrder back = compare_keys(b, a);
  EXPECT_FALSE(there.comparable);
  EXPECT_FALSE(back.comparable);
  // Still an order, for what is in the heap already.
  EXPECT_LT(there.order * back.order, 0);
}

TEST(PriorityKey, NumbersAscend) {
  expect_ascending({number(-1e308), number(-5), number(-0.5), number(0), number(1e-300), number(1),
                    number(1, {1}), number(1, {2}), number(2), number(1e300)});
}

TEST(PriorityKey, StringsAscend) {
  expect_ascending({text(""), text(std::string(1, '\0')), text(std::string("\0a", 2)), text("\x01"),
                    text("\x20\x10"), text("a"), text(std::string("a\0", 2)), text("aa"), text("b")});
}

TEST(PriorityKey, DatesAscend) {
  expect_ascending({date(-1), date(0), date(1577836800000.0)});
  expect_ascending({array({date(1), text("a")}), array({date(1), text("b")})});
}

TEST(PriorityKey, ArraysCompareElementByElement) {
  expect_ascending({array({}), array({number(1)}), array({number(1), text("a")}),
                    array({number(1), text("b")}), array({number(2)}), array({number(2), number(0)})});
  expect_ascending({array({array({})}), array({array({}), number(3)}), array({array({number(1)})}),
                    array({array({number(2)})})});
}

TEST(PriorityKey, DifferentClassesDoNotCompare) {
  expect_incomparable(number(1), text("1"));
  expect_incomparable(number(1), date(1));
  expect_incomparable(array({}), date(1));
  expect_incomparable(number(1), array({number(1)}));
  expect_incomparable(array({number(1), number(2)}), array({number(1), text("2")}));
  expect_incomparable(array({text("x"), array({text("y")})}), array({text("x"), array({number(1)})}));
}

TEST(PriorityKey, ADifferenceBeforeTheClassesDecides) {
  expect_ascending({array({number(1), number(9)}), array({number(2), text("a")})});
  // Bytes within an element that look like classes are not.
  expect_ascending({text("\x10"), text("\x20"), text("\x30")});
}

TEST(PriorityKey, EmptyKeysAreEqual) {
  EXPECT_EQ(compare_keys({}, {}).order, 0);
  EXPECT_TRUE(compare_keys({}, {}).comparable);
}

}  // namespace

}  // namespace heddle

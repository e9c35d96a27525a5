// See priority_key.h.
#include "priority_key.h"

#include <algorithm>

namespace heddle {

namespace {

enum Class : uint8_t { kArrayEnd = 0x01, kNumber = 0x10, kDate = 0x18, kString = 0x20, kArray = 0x30 };

// Where the element after the number, date or string at `at` begins, or the end of the key.
size_t after_element(Key key, size_t at) {
  if (key[at] == kNumber || key[at] == kDate) {
    constexpr size_t kTieBreak = 9;
    if (at + kTieBreak >= key.size()) return key.size();
    return at + kTieBreak + 1 + key[at + kTieBreak];
  }
  for (at++; at + 1 < key.size(); at++) {
    if (key[at] != 0) continue;
    if (key[at + 1] == 0) return at + 2;
    at++;
  }
  return key.size();
}

// Whether the byte at `position` says the class of an element.
bool is_class_byte(Key key, size_t position) {
  size_t at = 0;
  while (at < position) {
    bool nests = key[at] == kArray || key[at] == kArrayEnd;
    at = nests ? at + 1 : after_element(key, at);
  }
  return at == position;
}

}  // namespace

KeyOrder compare_keys(Key a, Key b) {
  size_t common = std::min(a.size(), b.size());
  auto difference = static_cast<size_t>(
      std::mismatch(a.begin(), a.begin() + static_cast<ptrdiff_t>(common), b.begin()).first - a.begin());
  if (difference == common) {
    if (a.size() == b.size()) return {0, true};
    return {a.size() < b.size() ? -1 : 1, true};
  }
  uint8_t left = a[difference];
  uint8_t right = b[difference];
  // All before is equal, so either key tells what the position means.
  bool comparable = left == kArrayEnd || right == kArrayEnd || !is_class_byte(a, difference);
  return {left < right ? -1 : 1, comparable};
}

}  // namespace heddle

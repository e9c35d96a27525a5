// See spin.h.
#include "spin.h"

#include <cstdlib>

#include "os_thread.h"

namespace heddle {

namespace {

constexpr int64_t kDefaultSpinUs = 30;
constexpr int64_t kLongestSpinUs = 10'000;

int64_t read_spin_us() {
  const char* text = std::getenv("HEDDLE_SPIN_US");
  if (text == nullptr || *text == '\0') return kDefaultSpinUs;
  char* end = nullptr;
  long long us = std::strtoll(text, &end, 10);
  if (*end != '\0' || us < 0) return kDefaultSpinUs;
  return us < kLongestSpinUs ? us : kLongestSpinUs;
}

}  // namespace

int64_t spin_limit_ns() {
  static const int64_t limit = usable_cores() > 1 ? read_spin_us() * 1000 : 0;
  return limit;
}

}  // namespace heddle

// See seat.h.
#include "seat.h"

#include <algorithm>

#include "deadline.h"
#include "os_thread.h"

namespace heddle {

Seat& Seat::own() {
  thread_local Seat seat;
  return seat;
}

bool Seat::give_way() {
  const int64_t start = monotonic_ns();
  yield_core();
  const int64_t end = monotonic_ns();
  if (end - start > kLongNs) {
    long_ones_ = start - last_long_ns_ < kCalmNs ? long_ones_ + 1 : 1;
    last_long_ns_ = end;
    if (long_ones_ >= kMany) wanted_until_ns_ = end + kRestNs;
    if (!regrets_ && start - moved_ns_ < stay_ns_) {
      regrets_ = true;
      stay_ns_ = std::min(2 * stay_ns_, kLongestStayNs);
    }
  }
  return end - start > kOthersRanNs;
}

bool Seat::is_wanted() const {
  return wanted_until_ns_ != 0 && monotonic_ns() < wanted_until_ns_;
}

bool Seat::leave() {
  const int64_t now = monotonic_ns();
  if (now - moved_ns_ < stay_ns_ || !move_to_other_core()) return false;
  if (!regrets_) stay_ns_ = kShortestStayNs;
  regrets_ = false;
  moved_ns_ = now;
  return true;
}

}  // namespace heddle

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
  if (end - start > kRegretNs) {
    // Soon after the last time: for longer.
    const bool again = start - wanted_until_ns_ < rest_ns_;
    rest_ns_ = again ? std::min(2 * rest_ns_, kLongestRestNs) : kShortestRestNs;
    wanted_until_ns_ = end + rest_ns_;
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

void Seat::helped(bool by_giving_way) {
  if (!by_giving_way) {
    helped_ = 0;
  } else if (++helped_ >= kHelped && leave()) {
    helped_ = 0;
  }
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

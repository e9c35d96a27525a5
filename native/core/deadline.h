// The one type for "until when": a point of the monotonic clock in nanoseconds.
#pragma once

#include <chrono>
#include <cstdint>
#include <limits>

namespace heddle {

// Nanoseconds of the monotonic clock, the same in all processes.
[[nodiscard]] inline int64_t monotonic_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

class Deadline {
 public:
  [[nodiscard]] static constexpr Deadline never() { return Deadline(kNever); }
  [[nodiscard]] static constexpr Deadline at(int64_t ns) { return Deadline(ns); }
  // Milliseconds from now; negative (or not a number) means never, 0 that it has passed.
  [[nodiscard]] static Deadline after_ms(double ms) {
    if (!(ms >= 0)) return never();
    if (ms == 0) return Deadline(0);
    // A thousand years are as good as for ever, and keep the sum in range.
    constexpr double kLongest = 1000.0 * 365 * 24 * 3600 * 1000;
    if (ms >= kLongest) return never();
    return Deadline(monotonic_ns() + static_cast<int64_t>(ms * 1e6));
  }

  [[nodiscard]] constexpr bool is_never() const { return ns_ == kNever; }
  // A timeout of 0: try once.
  [[nodiscard]] constexpr bool is_now() const { return ns_ == 0; }
  [[nodiscard]] constexpr int64_t ns() const { return ns_; }
  [[nodiscard]] bool passed() const { return ns_ != kNever && (ns_ == 0 || monotonic_ns() >= ns_); }
  // Nanoseconds left, at least 0; only if it is not never().
  [[nodiscard]] int64_t left_ns() const {
    int64_t left = ns_ - monotonic_ns();
    return left > 0 ? left : 0;
  }
  [[nodiscard]] constexpr Deadline earlier(Deadline other) const { return ns_ < other.ns_ ? *this : other; }

 private:
  static constexpr int64_t kNever = std::numeric_limits<int64_t>::max();
  constexpr explicit Deadline(int64_t ns) : ns_(ns) {}
  int64_t ns_;
};

}  // namespace heddle

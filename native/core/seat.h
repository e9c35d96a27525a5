// The core that a thread sits on, and when it had better leave it.
//
// Two threads that wait for each other by turns on one core look busy and warm to the system, which then
// leaves both where they are although another core is free. One that finds itself in that place may move by
// itself. The core it comes to may be somebody else's, who keeps it for milliseconds: then the next move is a
// long time off.
//
// Where others keep the core for long again and again, a thread that looks is the slowest of all: it uses up
// its share of the core by looking, while one that sleeps is let in before others as soon as it is woken.
#pragma once

#include <cstdint>

namespace heddle {

class Seat {
 public:
  // Of the calling thread.
  [[nodiscard]] static Seat& own();

  // Lets other threads that are ready have the core for a moment. True when there were some.
  bool give_way();
  // Others have had the core for long, several times of late: whoever waits had better sleep.
  [[nodiscard]] bool is_wanted() const;
  // Moves the thread to another core, which it may leave again. False when there is none, or it moved not
  // long ago.
  bool leave();

 private:
  // A yield that took longer has let others run.
  static constexpr int64_t kOthersRanNs = 1500;
  // One that took so long has cost more than sleeping would have.
  static constexpr int64_t kLongNs = 200'000;
  // So many long ones, none of them so long after the one before, are a machine that is busy with other work.
  // A compiler's thread, or a collector's, keeps the core a few times only.
  static constexpr int kMany = 6;
  static constexpr int64_t kCalmNs = 25'000'000;
  // Shorter than kCalmNs: if the first yield after it is long again, so is the next rest begun.
  static constexpr int64_t kRestNs = 20'000'000;
  static constexpr int64_t kShortestStayNs = 2'000'000;
  static constexpr int64_t kLongestStayNs = 1'000'000'000;

  int long_ones_ = 0;
  int64_t last_long_ns_ = 0;
  int64_t wanted_until_ns_ = 0;
  bool regrets_ = false;
  int64_t moved_ns_ = 0;
  int64_t stay_ns_ = kShortestStayNs;
};

}  // namespace heddle

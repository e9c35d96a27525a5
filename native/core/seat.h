// The core that a thread sits on, and when it had better move to another.
//
// Two threads that wait for each other by turns on one core look busy and warm to the system, which then
// leaves both where they are although another core is free. A thread that finds itself in that place moves by
// itself. The core it comes to may be somebody else's, who keeps it for milliseconds: then the next move is a
// long time off.
//
// Where others keep the core for so long, a thread that looks again and again is the slowest of all: it uses
// up its share of the core by looking, while one that sleeps is let in before others as soon as it is woken.
#pragma once

#include <cstdint>

namespace heddle {

class Seat {
 public:
  // Of the calling thread.
  [[nodiscard]] static Seat& own();

  // Lets other threads that are ready have the core for a moment. True when there were some.
  bool give_way();
  // Others have kept the core for long when they were let have it, a short while ago: whoever waits had
  // better sleep.
  [[nodiscard]] bool is_wanted() const;
  // What the thread waits for came while another had its core, or did not.
  void helped(bool by_giving_way);
  // Moves the thread to another core, which it may leave again. False when there is none, or it moved not
  // long ago.
  bool leave();

 private:
  // A yield that took longer has let others run.
  static constexpr int64_t kOthersRanNs = 1500;
  // One that took so long has cost more than sleeping would have.
  static constexpr int64_t kRegretNs = 200'000;
  static constexpr int64_t kShortestStayNs = 2'000'000;
  static constexpr int64_t kLongestStayNs = 1'000'000'000;
  static constexpr int64_t kShortestRestNs = 5'000'000;
  static constexpr int64_t kLongestRestNs = 320'000'000;
  static constexpr int kHelped = 16;

  int helped_ = 0;
  bool regrets_ = false;
  int64_t moved_ns_ = 0;
  int64_t stay_ns_ = kShortestStayNs;
  int64_t wanted_until_ns_ = 0;
  int64_t rest_ns_ = kShortestRestNs;
};

}  // namespace heddle

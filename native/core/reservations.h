// Places and items of queues that the isolate was granted and has not used yet. Termination can come
// between the grant and the put or take; what is in here then goes to the next in line.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "types.h"

namespace heddle {

class Reservations {
 public:
  // `list`: the one the waiter stood in, Queue::PUTTERS for a place, Queue::GETTERS for an item.
  void note(Handle queue, int32_t list) { entries_.push_back({queue, list}); }

  // Used, or given back.
  void forget(Handle queue, int32_t list) {
    // There is seldom more than one, and the newest is used first.
    for (size_t i = entries_.size(); i-- > 0;) {
      if (entries_[i].queue != queue || entries_[i].list != list) continue;
      entries_[i] = entries_.back();
      entries_.pop_back();
      return;
    }
  }

  [[nodiscard]] bool empty() const { return entries_.empty(); }

  // Calls give_back(list) for each of a queue that the isolate is about to let go of.
  template <class GiveBack>
  void give_back_of(Handle queue, GiveBack give_back) {
    std::erase_if(entries_, [&](const Entry& entry) {
      if (entry.queue != queue) return false;
      give_back(entry.list);
      return true;
    });
  }

  template <class GiveBack>
  void give_back_all(GiveBack give_back) {
    for (const Entry& entry : entries_) give_back(entry.queue, entry.list);
    entries_.clear();
  }

 private:
  struct Entry {
    Handle queue;
    int32_t list;
  };
  std::vector<Entry> entries_;
};

}  // namespace heddle

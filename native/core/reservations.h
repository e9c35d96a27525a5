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
  // `node`: waited for it and stays granted until it is used, so that a sweep finds it.
  void note(Handle queue, int32_t list, Handle node) { entries_.push_back({queue, list, node}); }

  // Used, or given back: its node, which is to be freed.
  [[nodiscard]] Handle forget(Handle queue, int32_t list) {
    // There is seldom more than one, and the newest is used first.
    for (size_t i = entries_.size(); i-- > 0;) {
      if (entries_[i].queue != queue || entries_[i].list != list) continue;
      const Handle node = entries_[i].node;
      entries_[i] = entries_.back();
      entries_.pop_back();
      return node;
    }
    return 0;
  }

  [[nodiscard]] bool empty() const { return entries_.empty(); }

  // Calls give_back(list, node) for each of a queue that the isolate is about to let go of.
  template <class GiveBack>
  void give_back_of(Handle queue, GiveBack give_back) {
    std::erase_if(entries_, [&](const Entry& entry) {
      if (entry.queue != queue) return false;
      give_back(entry.list, entry.node);
      return true;
    });
  }

  template <class GiveBack>
  void give_back_all(GiveBack give_back) {
    for (const Entry& entry : entries_) give_back(entry.queue, entry.list, entry.node);
    entries_.clear();
  }

 private:
  struct Entry {
    Handle queue;
    int32_t list;
    Handle node;
  };
  std::vector<Entry> entries_;
};

}  // namespace heddle

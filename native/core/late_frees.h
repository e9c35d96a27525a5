// Blocks of the heap that a section has no use for any more. They are freed when it stands: undone, it needs
// what is in them. One who is killed in between leaves them taken, as does one who has allocated a block that
// his section was to link.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "heap.h"

namespace heddle {

class LateFrees {
 public:
  explicit LateFrees(Heap& heap) : heap_(heap) {}
  LateFrees(const LateFrees&) = delete;
  LateFrees& operator=(const LateFrees&) = delete;

  // 0: none.
  void add(uint32_t unit, uint64_t bytes) {
    if (unit != 0) blocks_.emplace_back(unit, bytes);
  }
  // The section stands.
  void free_all() {
    for (const auto& [unit, bytes] : blocks_) heap_.free(unit, bytes);
    blocks_.clear();
  }

 private:
  Heap& heap_;
  std::vector<std::pair<uint32_t, uint64_t>> blocks_;
};

}  // namespace heddle

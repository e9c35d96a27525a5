// Items as they go into a queue and come out of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "types.h"

namespace heddle {

class Arena;

// An item on its way into a queue.
struct PutItem {
  // Lane of lib/codec/lanes.ts, 0..255.
  int32_t lane = 0;
  // For the caller's own use, 0..255: comes back with the item (say, how a string is encoded).
  int32_t tag = 0;
  std::span<const uint8_t> bytes;
  // References that pass to the queue when the outcome is OK.
  std::span<const Handle> handles;
  // Order-preserving key of a priority queue; see priority_key.h.
  std::span<const uint8_t> key;
};

// An item taken from a queue. Its bytes lie in the caller's scratch memory or, when large, in a
// block of the heap that this object owns.
class TakenItem {
 public:
  TakenItem() = default;
  ~TakenItem() { reset(); }
  TakenItem(const TakenItem&) = delete;
  TakenItem& operator=(const TakenItem&) = delete;

  int32_t lane = 0;
  int32_t tag = 0;
  std::span<const uint8_t> bytes;
  // With a block: whether there were items behind it, so that it has long left the caches, and so will a copy
  // of it.
  bool is_followed = false;

  // True when `bytes` is a heap block rather than scratch memory.
  [[nodiscard]] bool owns_block() const { return unit_ != 0; }
  // Frees the block early; `bytes` is then empty.
  void reset();
  // Takes over a block whose first `length` bytes are the item's.
  void own_block(Arena& arena, uint32_t unit, uint64_t block_bytes, uint64_t length);

 private:
  Arena* arena_ = nullptr;
  uint32_t unit_ = 0;
  uint64_t block_bytes_ = 0;
};

}  // namespace heddle

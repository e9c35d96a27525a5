// See item.h.
#include "item.h"

#include "arena.h"

namespace heddle {

void TakenItem::reset() {
  if (unit_ == 0) return;
  arena_->heap().free(unit_, block_bytes_);
  unit_ = 0;
  bytes = {};
}

void TakenItem::own_block(Arena& arena, uint32_t unit, uint64_t block_bytes, uint64_t length) {
  reset();
  arena_ = &arena;
  unit_ = unit;
  block_bytes_ = block_bytes;
  bytes = {reinterpret_cast<const uint8_t*>(arena.heap().at(unit)), static_cast<size_t>(length)};
}

}  // namespace heddle

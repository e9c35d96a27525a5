// See shared_array.h.
#include "shared_array.h"

#include <limits>

#include "step.h"

namespace heddle {

using namespace layout;

namespace {

uint32_t block_of(const Self& self, Handle array) {
  return static_cast<uint32_t>(self.get(array, SharedArray::BLOCK));
}

// The word is read as unsigned.
uint64_t length_of(const Self& self, Handle array) {
  return static_cast<uint32_t>(self.get(array, SharedArray::BYTE_LENGTH));
}

}  // namespace

OutcomeCode array_allocate(Self& self, Handle array, uint64_t byte_length) {
  if (byte_length > std::numeric_limits<uint32_t>::max()) return Outcome::NO_MEMORY;
  uint32_t unit = self.arena.heap().allocate(byte_length, true);
  if (unit == 0) return Outcome::NO_MEMORY;
  // release: the length first, by which a sweep frees the block.
  self.set(array, SharedArray::BYTE_LENGTH, static_cast<int32_t>(static_cast<uint32_t>(byte_length)));
  HEDDLE_STEP();
  self.word(array, SharedArray::BLOCK).store(static_cast<int32_t>(unit), std::memory_order_release);
  return Outcome::OK;
}

std::span<uint8_t> array_bytes(const Self& self, Handle array) {
  uint32_t unit = block_of(self, array);
  if (unit == 0) return {};
  return {reinterpret_cast<uint8_t*>(self.arena.heap().at(unit)),
          static_cast<size_t>(length_of(self, array))};
}

void array_free(Self& self, Handle array) {
  const uint32_t unit = block_of(self, array);
  // First: a sweep that goes on with the destruction does not free it once more.
  self.set(array, SharedArray::BLOCK, 0);
  HEDDLE_STEP();
  self.arena.heap().free(unit, length_of(self, array));
}

}  // namespace heddle

// The bytes of a SharedArray: a block of the heap that lives as long as the array's cell.
#pragma once

#include <span>

#include "self.h"

namespace heddle {

// OK, or NO_MEMORY. The bytes are zero.
[[nodiscard]] OutcomeCode array_allocate(Self& self, Handle array, uint64_t byte_length);
[[nodiscard]] std::span<uint8_t> array_bytes(const Self& self, Handle array);
void array_free(Self& self, Handle array);

}  // namespace heddle

// See arena.h.
#include "arena.h"

namespace heddle {

Arena* Arena::process(const char** refusal) {
  static const char* why = nullptr;
  // Never destroyed on purpose.
  static Arena* const arena = open(kHeapBytes, &why).release();
  if (refusal != nullptr) *refusal = why;
  return arena;
}

std::unique_ptr<Arena> Arena::open(size_t heap_bytes, const char** refusal) {
  const char* ignored = nullptr;
  if (refusal == nullptr) refusal = &ignored;
  std::unique_ptr<Arena> arena(new Arena());
  while (!map_sparse(kControlBytes + heap_bytes, arena->mapping_)) {
    heap_bytes /= 2;
    if (heap_bytes < kSmallestHeapBytes) {
      *refusal = "the system has no 320 MiB of address space for the arena (see `ulimit -v`)";
      return nullptr;
    }
  }
  if (!commit_pages(arena->mapping_, 0, kControlBytes) ||
      !arena->heap_.open(arena->mapping_, kControlBytes, heap_bytes)) {
    *refusal = "the system has no memory for the arena's control segment";
    return nullptr;
  }
  arena->words_ = reinterpret_cast<int32_t*>(arena->mapping_.base);
  // A thread identifier is never 0.
  arena->set(layout::Header::NEXT_IDENT, 1);
  arena->set(layout::Header::VERSION, layout::LAYOUT_VERSION);
  // release: who finds the magic number finds all above.
  arena->word(layout::Header::MAGIC).store(layout::MAGIC, std::memory_order_release);
  return arena;
}

Arena::~Arena() {
  unmap(mapping_);
}

}  // namespace heddle

// Where the payloads of queues' items lie: in the entry itself, in chunks that each isolate fills one
// after the other, or, when large, in a block each.
//
//   payload = bytes │ pad to 4 │ handles │ key (of a priority queue, when long)
//
// Only its isolate puts payloads into a chunk, without a lock; whoever took an item frees its payload. A
// chunk's LIVE counts down from a bias. When the isolate is done with the chunk it takes off what is left
// of the bias, and whoever brings LIVE to 0 then frees the chunk.
#pragma once

#include <cstddef>
#include <cstdint>

#include "copy_bytes.h"
#include "heap.h"
#include "item.h"
#include "priority_key.h"
#include "self.h"

namespace heddle {

// An item in a queue, as it lies in the arena; in a ring, see layout::RingHead.
struct Entry {
  static constexpr size_t kInlineBytes = layout::INLINE_BYTES;
  // kNowhere: a blank entry of a ring, without an item.
  enum Place : uint8_t { kInline, kChunk, kBlock, kNowhere = layout::RingHead::NOWHERE };

  uint8_t lane;
  uint8_t tag;
  Place place;
  uint8_t unused;
  uint32_t handle_count;
  // Of the bytes alone.
  uint32_t length;
  uint32_t also_unused;
  union {
    uint8_t inline_bytes[kInlineBytes];
    struct {
      uint32_t unit;
      // In a chunk: of the payload within it.
      uint32_t offset;
      // Of the whole payload.
      uint64_t total;
    } at;
  };
};
static_assert(sizeof(Entry) == 64);

class PayloadStore {
 public:
  // A larger payload has a block of its own.
  static constexpr uint64_t kChunkLimit = 4096;
  static constexpr uint64_t kLongest = UINT32_MAX;

  explicit PayloadStore(const Self& self)
      : arena_(self.arena), slot_(self.slot), block_read_(self.block_read) {}

  // Copies an item's payload and fills in an entry for it. False, with nothing changed, when the heap is
  // exhausted. The entry is then put into a queue, or freed.
  [[nodiscard]] bool put(const PutItem& item, Key stored_key, Entry& entry);
  // Lets go of the chunk that a slot has been filling. By its isolate, or who sweeps it.
  static void retire_chunk(Arena& arena, int32_t slot);

  // Gives back what put() took, but for a block that was taken over.
  static void free(Heap& heap, const Entry& entry);
  [[nodiscard]] static const uint8_t* payload(const Heap& heap, const Entry& entry);
  [[nodiscard]] static Key stored_key(const Heap& heap, const Entry& entry, size_t key_length);
  // Calls visit(handle) for each that the item holds.
  template <class Visit>
  static void each_handle(const Heap& heap, const Entry& entry, Visit visit);

 private:
  struct Chunk {
    // The bias, less the payloads freed. For those who take, on another core perhaps.
    alignas(64) uint32_t live;
    // Payloads put, and bytes used; for the isolate alone.
    alignas(64) uint32_t puts;
    uint32_t used;
    uint32_t bytes;
  };
  // What a core's own cache holds for sure.
  static constexpr uint64_t kCached = 2 * 1024 * 1024;
  static constexpr uint32_t kBias = 1U << 31;
  // Then another chunk, although this one may be empty: the bias has to outlast the puts.
  static constexpr uint32_t kMostPuts = kBias / 2;
  static constexpr uint32_t kSmallestChunk = 4096;
  static constexpr uint32_t kLargestChunk = 64 * 1024;

  [[nodiscard]] static uint64_t handles_at(uint64_t length) { return (length + 3) & ~uint64_t{3}; }
  [[nodiscard]] static uint64_t total_bytes(const PutItem& item, Key stored_key);
  template <auto COPY = copy_bytes>
  static void copy(uint8_t* to, const PutItem& item, Key stored_key);
  [[nodiscard]] Chunk* chunk_at(uint32_t unit) const {
    return reinterpret_cast<Chunk*>(arena_.heap().at(unit));
  }
  // Heap unit of a chunk with that much room; 0 when the heap is exhausted.
  [[nodiscard]] uint32_t chunk_with(uint32_t room);

  Arena& arena_;
  int32_t slot_;
  uint32_t block_read_;
};

template <class Visit>
void PayloadStore::each_handle(const Heap& heap, const Entry& entry, Visit visit) {
  if (entry.handle_count == 0) return;
  const auto* handles = reinterpret_cast<const Handle*>(payload(heap, entry) + handles_at(entry.length));
  for (uint32_t i = 0; i < entry.handle_count; i++) visit(handles[i]);
}

}  // namespace heddle

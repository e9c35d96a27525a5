// Where the payloads of a queue's items lie: in the entry itself, in chunks that the queue fills one
// after the other, or, when large, in a block each.
//
//   payload = bytes │ pad to 4 │ handles │ key (of a priority queue, when long)
#pragma once

#include <cstddef>
#include <cstdint>

#include "heap.h"
#include "item.h"
#include "priority_key.h"

namespace heddle {

// An item in a queue, as it lies in the arena.
struct Entry {
  static constexpr size_t kInlineBytes = 16;
  enum Place : uint8_t { kInline, kChunk, kBlock };

  uint8_t lane;
  uint8_t tag;
  Place place;
  uint8_t unused;
  uint32_t handle_count;
  // Of the bytes alone.
  uint64_t length;
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
static_assert(sizeof(Entry) == 32);

// A payload too large for a chunk, in the block it will stay in: made and filled before the queue's
// guard is taken.
class LargePayload {
 public:
  LargePayload(Heap& heap, const PutItem& item, Key stored_key);
  ~LargePayload() { heap_.free(unit_, total_); }
  LargePayload(const LargePayload&) = delete;
  LargePayload& operator=(const LargePayload&) = delete;

  [[nodiscard]] bool exhausted() const { return needed_ && unit_ == 0; }
  // The block, which is the caller's from then on; 0 if the payload is not large.
  [[nodiscard]] uint32_t take();

 private:
  Heap& heap_;
  uint64_t total_;
  bool needed_;
  uint32_t unit_ = 0;
};

class PayloadStore {
 public:
  // The part of a queue's body that belongs to it. All zero is an empty store.
  struct State {
    // The chunk being filled, 0 for none.
    uint32_t chunk;
  };
  // A larger payload has a block of its own.
  static constexpr uint64_t kChunkLimit = 4096;

  PayloadStore(Heap& heap, State& state) : heap_(heap), state_(state) {}

  // Fills in an entry. False, with nothing changed, when the heap is exhausted.
  [[nodiscard]] bool put(const PutItem& item, Key stored_key, LargePayload& large, Entry& entry);
  // Gives back what put() took, but for a block that was taken over.
  void free(const Entry& entry);
  // Frees what an empty store keeps.
  void free_memory();

  [[nodiscard]] const uint8_t* payload(const Entry& entry) const;
  [[nodiscard]] Key stored_key(const Entry& entry, size_t key_length) const;
  // Calls visit(handle) for each that the item holds.
  template <class Visit>
  void each_handle(const Entry& entry, Visit visit) const;

  [[nodiscard]] static uint64_t handles_at(uint64_t length) { return (length + 3) & ~uint64_t{3}; }
  static void copy(uint8_t* to, const PutItem& item, Key stored_key);

 private:
  struct Chunk {
    uint32_t live;
    uint32_t used;
    uint32_t bytes;
    uint32_t unused;
  };
  static constexpr uint32_t kSmallestChunk = 4096;
  static constexpr uint32_t kLargestChunk = 256 * 1024;
  // An empty queue keeps no larger chunk than this.
  static constexpr uint32_t kKeptChunk = 16 * 1024;

  [[nodiscard]] Chunk* chunk_at(uint32_t unit) const { return reinterpret_cast<Chunk*>(heap_.at(unit)); }
  [[nodiscard]] bool start_chunk(uint32_t bytes);

  Heap& heap_;
  State& state_;
};

template <class Visit>
void PayloadStore::each_handle(const Entry& entry, Visit visit) const {
  if (entry.handle_count == 0) return;
  const auto* handles = reinterpret_cast<const Handle*>(payload(entry) + handles_at(entry.length));
  for (uint32_t i = 0; i < entry.handle_count; i++) visit(handles[i]);
}

}  // namespace heddle

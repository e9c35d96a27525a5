// See payload_store.h.
#include "payload_store.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace heddle {

namespace {

uint64_t total_bytes(const PutItem& item, Key stored_key) {
  uint64_t rest = item.handles.size_bytes() + stored_key.size();
  return rest == 0 ? item.bytes.size() : PayloadStore::handles_at(item.bytes.size()) + rest;
}

// Handles lie at multiples of 4, and chunks are handed out in such.
constexpr uint64_t kAlignment = 8;

}  // namespace

void PayloadStore::copy(uint8_t* to, const PutItem& item, Key stored_key) {
  if (!item.bytes.empty()) std::memcpy(to, item.bytes.data(), item.bytes.size());
  to += handles_at(item.bytes.size());
  if (!item.handles.empty()) std::memcpy(to, item.handles.data(), item.handles.size_bytes());
  to += item.handles.size_bytes();
  if (!stored_key.empty()) std::memcpy(to, stored_key.data(), stored_key.size());
}

LargePayload::LargePayload(Heap& heap, const PutItem& item, Key stored_key)
    : heap_(heap), total_(total_bytes(item, stored_key)), needed_(total_ > PayloadStore::kChunkLimit) {
  if (!needed_) return;
  unit_ = heap.allocate(total_);
  if (unit_ != 0) {
    PayloadStore::copy(reinterpret_cast<uint8_t*>(heap.at(unit_)), item, stored_key);
  }
}

uint32_t LargePayload::take() {
  uint32_t unit = unit_;
  unit_ = 0;
  return unit;
}

bool PayloadStore::put(const PutItem& item, Key stored_key, LargePayload& large, Entry& entry) {
  uint64_t total = total_bytes(item, stored_key);
  entry = {};
  entry.lane = static_cast<uint8_t>(item.lane);
  entry.tag = static_cast<uint8_t>(item.tag);
  entry.handle_count = static_cast<uint32_t>(item.handles.size());
  entry.length = item.bytes.size();
  if (total <= Entry::kInlineBytes) {
    entry.place = Entry::kInline;
    copy(entry.inline_bytes, item, stored_key);
    return true;
  }
  entry.at.total = total;
  if (total > kChunkLimit) {
    entry.place = Entry::kBlock;
    entry.at.unit = large.take();
    return true;
  }
  auto room = static_cast<uint32_t>((total + kAlignment - 1) & ~(kAlignment - 1));
  Chunk* chunk = state_.chunk != 0 ? chunk_at(state_.chunk) : nullptr;
  if (chunk == nullptr || chunk->used + room > chunk->bytes) {
    uint32_t wanted = chunk != nullptr ? chunk->bytes * 2 : kSmallestChunk;
    uint32_t several = std::bit_ceil(room * 4);
    if (!start_chunk(std::clamp(std::max(wanted, several), kSmallestChunk, kLargestChunk))) {
      return false;
    }
    chunk = chunk_at(state_.chunk);
  }
  entry.place = Entry::kChunk;
  entry.at.unit = state_.chunk;
  entry.at.offset = chunk->used;
  copy(reinterpret_cast<uint8_t*>(chunk) + chunk->used, item, stored_key);
  chunk->used += room;
  chunk->live++;
  return true;
}

bool PayloadStore::start_chunk(uint32_t bytes) {
  uint32_t unit = heap_.allocate(bytes);
  if (unit == 0) return false;
  // The chunk before goes with its last payload; at once if it has none but was too small.
  if (state_.chunk != 0 && chunk_at(state_.chunk)->live == 0) free_memory();
  *chunk_at(unit) = {0, sizeof(Chunk), bytes, 0};
  state_.chunk = unit;
  return true;
}

void PayloadStore::free(const Entry& entry) {
  if (entry.place == Entry::kInline) return;
  if (entry.place == Entry::kBlock) {
    heap_.free(entry.at.unit, entry.at.total);
    return;
  }
  Chunk* chunk = chunk_at(entry.at.unit);
  if (--chunk->live > 0) return;
  bool current = entry.at.unit == state_.chunk;
  if (current && chunk->bytes <= kKeptChunk) {
    chunk->used = sizeof(Chunk);
    return;
  }
  if (current) state_.chunk = 0;
  heap_.free(entry.at.unit, chunk->bytes);
}

void PayloadStore::free_memory() {
  if (state_.chunk != 0) heap_.free(state_.chunk, chunk_at(state_.chunk)->bytes);
  state_.chunk = 0;
}

const uint8_t* PayloadStore::payload(const Entry& entry) const {
  if (entry.place == Entry::kInline) return entry.inline_bytes;
  return reinterpret_cast<const uint8_t*>(heap_.at(entry.at.unit)) + entry.at.offset;
}

Key PayloadStore::stored_key(const Entry& entry, size_t key_length) const {
  return {payload(entry) + handles_at(entry.length) + entry.handle_count * sizeof(Handle), key_length};
}

}  // namespace heddle

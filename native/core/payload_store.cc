// See payload_store.h.
#include "payload_store.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "step.h"

namespace heddle {

namespace {

// Handles lie at multiples of 4, and chunks are handed out in such.
constexpr uint32_t kAlignment = 8;

std::atomic_ref<uint32_t> atomic(uint32_t& word) {
  return std::atomic_ref<uint32_t>(word);
}

}  // namespace

uint64_t PayloadStore::total_bytes(const PutItem& item, Key stored_key) {
  uint64_t rest = item.handles.size_bytes() + stored_key.size();
  return rest == 0 ? item.bytes.size() : handles_at(item.bytes.size()) + rest;
}

template <auto COPY>
void PayloadStore::copy(uint8_t* to, const PutItem& item, Key stored_key) {
  COPY(to, item.bytes.data(), item.bytes.size());
  to += handles_at(item.bytes.size());
  if (!item.handles.empty()) std::memcpy(to, item.handles.data(), item.handles.size_bytes());
  to += item.handles.size_bytes();
  if (!stored_key.empty()) std::memcpy(to, stored_key.data(), stored_key.size());
}

bool PayloadStore::put(const PutItem& item, Key stored_key, Entry& entry) {
  const uint64_t total = total_bytes(item, stored_key);
  if (item.bytes.size() > kLongest) return false;
  entry = {};
  entry.lane = static_cast<uint8_t>(item.lane);
  entry.tag = static_cast<uint8_t>(item.tag);
  entry.handle_count = static_cast<uint32_t>(item.handles.size());
  entry.length = static_cast<uint32_t>(item.bytes.size());
  if (total <= Entry::kInlineBytes) {
    entry.place = Entry::kInline;
    copy(entry.inline_bytes, item, stored_key);
    return true;
  }
  entry.at.total = total;
  if (total > kChunkLimit) {
    entry.place = Entry::kBlock;
    entry.at.unit = arena_.heap().allocate(total);
    if (entry.at.unit == 0) return false;
    auto* block = reinterpret_cast<uint8_t*>(arena_.heap().at(entry.at.unit));
    // As a rule others have read last what lay there, so that it is in their cache.
    if (entry.at.unit == block_read_ && total <= kCached) {
      copy(block, item, stored_key);
    } else {
      copy<stream_bytes>(block, item, stored_key);
    }
    return true;
  }
  const uint32_t room = (static_cast<uint32_t>(total) + kAlignment - 1) & ~(kAlignment - 1);
  entry.place = Entry::kChunk;
  entry.at.unit = chunk_with(room);
  if (entry.at.unit == 0) return false;
  Chunk* chunk = chunk_at(entry.at.unit);
  entry.at.offset = chunk->used;
  copy(reinterpret_cast<uint8_t*>(chunk) + chunk->used, item, stored_key);
  chunk->used += room;
  // Counted before a queue has it and somebody frees it; a sweep must not find more freed than put.
  chunk->puts++;
  HEDDLE_STEP();
  return true;
}

uint32_t PayloadStore::chunk_with(uint32_t room) {
  const auto unit = static_cast<uint32_t>(arena_.get(slot_word(slot_, layout::Slot::CHUNK)));
  uint32_t wanted = kSmallestChunk;
  if (unit != 0) {
    Chunk* chunk = chunk_at(unit);
    if (chunk->used + room <= chunk->bytes) return unit;
    // All that was put into it may be gone: then it is filled anew, and both counts go on. acquire: those who
    // freed it have read it.
    const bool empty = atomic(chunk->live).load(std::memory_order_acquire) == kBias - chunk->puts;
    if (empty && chunk->puts < kMostPuts && sizeof(Chunk) + room <= chunk->bytes) {
      chunk->used = sizeof(Chunk);
      return unit;
    }
    wanted = chunk->bytes * 2;
  }
  const uint32_t bytes = std::clamp(std::max(wanted, std::bit_ceil(room * 4)), kSmallestChunk, kLargestChunk);
  const uint32_t next = arena_.heap().allocate(bytes);
  if (next == 0) return 0;
  retire_chunk(arena_, slot_);
  *chunk_at(next) = {kBias, 0, sizeof(Chunk), bytes};
  HEDDLE_STEP();
  arena_.set(slot_word(slot_, layout::Slot::CHUNK), static_cast<int32_t>(next));
  return next;
}

void PayloadStore::retire_chunk(Arena& arena, int32_t slot) {
  const auto unit = static_cast<uint32_t>(arena.get(slot_word(slot, layout::Slot::CHUNK)));
  if (unit == 0) return;
  arena.set(slot_word(slot, layout::Slot::CHUNK), 0);
  auto* chunk = reinterpret_cast<Chunk*>(arena.heap().at(unit));
  const uint32_t bytes = chunk->bytes;
  const uint32_t rest = kBias - chunk->puts;
  HEDDLE_STEP();
  // acquire and release: whoever frees the chunk does so after all others have read what they took.
  if (atomic(chunk->live).fetch_sub(rest, std::memory_order_acq_rel) == rest) arena.heap().free(unit, bytes);
}

void PayloadStore::free(Heap& heap, const Entry& entry) {
  if (entry.place == Entry::kInline) return;
  if (entry.place == Entry::kBlock) {
    heap.free(entry.at.unit, entry.at.total);
    return;
  }
  auto* chunk = reinterpret_cast<Chunk*>(heap.at(entry.at.unit));
  const uint32_t bytes = chunk->bytes;
  HEDDLE_STEP();
  if (atomic(chunk->live).fetch_sub(1, std::memory_order_acq_rel) == 1) heap.free(entry.at.unit, bytes);
}

const uint8_t* PayloadStore::payload(const Heap& heap, const Entry& entry) {
  if (entry.place == Entry::kInline) return entry.inline_bytes;
  return reinterpret_cast<const uint8_t*>(heap.at(entry.at.unit)) +
         (entry.place == Entry::kChunk ? entry.at.offset : 0);
}

Key PayloadStore::stored_key(const Heap& heap, const Entry& entry, size_t key_length) {
  return {payload(heap, entry) + handles_at(entry.length) + entry.handle_count * sizeof(Handle), key_length};
}

}  // namespace heddle

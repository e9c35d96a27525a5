// The arena: one sparse stretch of shared memory, the control segment of lib/memory/layout.ts
// followed by the heap. Everything in it is named by offsets, so that it may lie at a different
// address in every process that maps it.
#pragma once

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "heap.h"
#include "layout.h"
#include "mapping.h"
#include "ringers.h"
#include "step.h"

namespace heddle {

static_assert(layout::WORDS_PER_CELL * sizeof(int32_t) == 64, "a cell is a cache line");
static_assert(layout::CELLS_START % layout::WORDS_PER_CELL == 0 &&
              layout::NEAR_WORDS % layout::WORDS_PER_CELL == 0);
static_assert(layout::Node::SINCE % 2 == 0);
static_assert(layout::Header::NONCE % 2 == 0 && layout::Process::START_TIME % 2 == 0 &&
              layout::PROCESSES_START % 2 == 0 && layout::WORDS_PER_PROCESS % 2 == 0);
static_assert(layout::WORDS_PER_SLOT % 2 == 0 && layout::SLOTS_START % 2 == 0 &&
              layout::Slot::READY % 2 == 0 && layout::Slot::PROCESS % 2 == 0 &&
              layout::Slot::SWEEPER == layout::Slot::PROCESS + 1);
static_assert(std::endian::native == std::endian::little, "the first of two words is the lower half of both");
static_assert(layout::Value::DATA % 2 == 0, "a Value's data is 8-byte aligned");
static_assert(std::atomic_ref<int32_t>::is_always_lock_free);
static_assert(std::atomic_ref<uint64_t>::is_always_lock_free);

class Arena {
 public:
  static constexpr size_t kControlBytes = static_cast<size_t>(layout::CONTROL_WORDS) * 4;
  static_assert(kControlBytes % kPageBytes == 0);
  // Units of the heap are 32 bits of 64 bytes; this is far below and still never used up. Where addresses
  // have 32 bits there is room for half a GiB.
  static constexpr size_t kHeapBytes = size_t{1} << (sizeof(size_t) > 4 ? 36 : 29);
  static constexpr size_t kSmallestHeapBytes = size_t{64} << 20;

  // The arena of this process, mapped at the first call; null when that fails, and `refusal` then
  // says why. It lives until the process ends: threads may use it until the very end.
  [[nodiscard]] static Arena* process(const char** refusal = nullptr);
  // Makes the arena of another process that of this one, by the descriptor and the number that it has
  // given; before the first process(). `record` and `generation` name this process in it. The
  // descriptor is used up in any case. False, with the reason, when it is not such an arena.
  [[nodiscard]] static bool inherit(int descriptor, uint64_t nonce, int32_t record, int32_t generation,
                                    const char** refusal);

  // An arena with a heap of `heap_bytes`, or as large a fraction of that as can be had.
  [[nodiscard]] static std::unique_ptr<Arena> open(size_t heap_bytes = kHeapBytes,
                                                   const char** refusal = nullptr);
  // The arena that a descriptor from another process leads to; see inherit().
  [[nodiscard]] static std::unique_ptr<Arena> open_inherited(int descriptor, uint64_t nonce,
                                                             const char** refusal);
  ~Arena();
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  [[nodiscard]] int32_t* words() const { return words_; }
  // What a child inherits to map the same memory, -1 where there is none; and the number it must know.
  [[nodiscard]] int descriptor() const { return mapping_.descriptor; }
  [[nodiscard]] uint64_t nonce() const;
  // The record of the calling process.
  [[nodiscard]] int32_t own_process() const { return own_process_; }
  void become_process(int32_t record) { own_process_ = record; }
  [[nodiscard]] Heap& heap() { return heap_; }
  // Of this process's loops; lies outside the shared memory.
  [[nodiscard]] Ringers& ringers() { return ringers_; }

  [[nodiscard]] std::atomic_ref<int32_t> word(int32_t index) const {
    HEDDLE_ACCESS();
    return std::atomic_ref<int32_t>(words_[index]);
  }
  // Plain access to words that a guard protects, or that only one thread uses. Relaxed atomics and
  // not bare loads, because others may look at them, without the guard, to decide whether to spin.
  [[nodiscard]] int32_t get(int32_t index) const {
    return std::atomic_ref<int32_t>(words_[index]).load(std::memory_order_relaxed);
  }
  void set(int32_t index, int32_t value) const { word(index).store(value, std::memory_order_relaxed); }
  // Gives the memory of words back whose values do not matter any more, but for pages that hold others as
  // well.
  void empty_pages(int32_t first, int32_t count) const;
  // A 64-bit word, at an even index.
  [[nodiscard]] std::atomic_ref<uint64_t> long_word(int32_t index) const {
    HEDDLE_ACCESS();
    return std::atomic_ref<uint64_t>(reinterpret_cast<uint64_t&>(words_[index]));
  }

 private:
  Arena() = default;

  Mapping mapping_;
  int32_t* words_ = nullptr;
  int32_t own_process_ = 0;
  Heap heap_;
  Ringers ringers_;
};

}  // namespace heddle

// The arena's heap: blocks for payloads, queue bodies and arrays, named by 32-bit units of 64 bytes.
//
//   header │ page links │ blocks …            (page 0 holds the header, so unit 0 means "no block")
//
// Blocks of up to 2 KiB come from slabs of one size class. Larger ones are whole pages: those freed
// stay resident up to a small cache and are beyond it given back to the system. All free lists are
// lock-free stacks, whose links lie outside the blocks so that a free page need not stay resident.
#pragma once

#include <cstddef>
#include <cstdint>

#include "mapping.h"
#include "size_class.h"

namespace heddle {

class Heap {
 public:
  static constexpr size_t kUnitBytes = 64;
  // Free pages kept resident, for all size classes together.
  static constexpr int64_t kResidentFreePages = 16 * 1024 * 1024 / kPageBytes;

  // Takes over mapping[offset, offset + bytes), zeroed when `fresh`. False when pages cannot be had.
  [[nodiscard]] bool open(const Mapping& mapping, size_t offset, size_t bytes);

  // A block of at least `bytes`, or 0. Its contents are arbitrary, or zero when asked for.
  [[nodiscard]] uint32_t allocate(uint64_t bytes, bool zeroed = false);
  // `bytes` as in the allocation.
  void free(uint32_t unit, uint64_t bytes);

  [[nodiscard]] std::byte* at(uint32_t unit) const { return base_ + unit * kUnitBytes; }
  // What a block for `bytes` really holds.
  [[nodiscard]] static uint64_t capacity(uint64_t bytes);
  // Bytes in blocks allocated and not freed; those too that somebody was allocating or freeing when he was
  // killed.
  [[nodiscard]] int64_t live_bytes() const;
  // Bytes up to which the heap was ever used.
  [[nodiscard]] uint64_t top_bytes() const;

 private:
  static constexpr uint32_t kSmallUnits = 32;
  static constexpr uint32_t kSmallClasses = size_class(kSmallUnits) + 1;
  static constexpr uint32_t kPageClasses = 104;
  static constexpr uint32_t kSlabPages = 16;
  static constexpr uint32_t kUnitsPerPage = kPageBytes / kUnitBytes;
  static constexpr uint32_t kSlabUnits = kSlabPages * kUnitsPerPage;

  struct Header {
    uint64_t small[kSmallClasses];
    // Free blocks whose pages are resident, and those whose pages are not.
    uint64_t resident[kPageClasses];
    uint64_t discarded[kPageClasses];
    // Pages up to which blocks were carved.
    alignas(64) uint64_t top;
    alignas(64) int64_t resident_free;
    alignas(64) int64_t live_bytes;
  };

  void free_pages(uint32_t page, uint32_t size_class);
  void count_live(int64_t bytes);
  [[nodiscard]] uint32_t allocate_small(uint32_t size_class);
  [[nodiscard]] bool carve_slab(uint32_t size_class);
  // First page of a block of that class, or 0. `zero` says whether its pages read as zero.
  [[nodiscard]] uint32_t allocate_pages(uint32_t size_class, bool& zero);
  [[nodiscard]] uint32_t carve(uint64_t pages, uint64_t alignment);
  // Cuts a block out of a larger free one, when no fresh pages are left.
  [[nodiscard]] uint32_t split_larger(uint32_t size_class);
  void push_discarded(uint32_t page, uint64_t pages);

  auto page_links() const;
  auto slab_links() const;

  Mapping mapping_;
  size_t offset_ = 0;
  std::byte* base_ = nullptr;
  uint64_t pages_ = 0;
  Header* header_ = nullptr;
  int32_t* links_ = nullptr;
};

}  // namespace heddle

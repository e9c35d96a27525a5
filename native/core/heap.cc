// See heap.h.
#include "heap.h"

#include <atomic>
#include <cstring>

#include "step.h"
#include "tagged_stack.h"

namespace heddle {

namespace {

std::atomic_ref<int64_t> counter(int64_t& value) {
  return std::atomic_ref<int64_t>(value);
}

uint64_t pages_for(uint64_t bytes) {
  return (bytes + kPageBytes - 1) / kPageBytes;
}

uint64_t units_for(uint64_t bytes) {
  return bytes == 0 ? 1 : (bytes + Heap::kUnitBytes - 1) / Heap::kUnitBytes;
}

}  // namespace

// The link of a free page block: a word for its first page in a table of its own.
auto Heap::page_links() const {
  return [links = links_](uint32_t page) -> int32_t& { return links[page]; };
}

// The link of a free small block: a word for its first unit in the first page of its slab.
auto Heap::slab_links() const {
  return [base = base_](uint32_t unit) -> int32_t& {
    std::byte* slab = base + static_cast<size_t>(unit / kSlabUnits) * kSlabUnits * kUnitBytes;
    return reinterpret_cast<int32_t*>(slab)[unit % kSlabUnits];
  };
}

bool Heap::open(const Mapping& mapping, size_t offset, size_t bytes) {
  mapping_ = mapping;
  offset_ = offset;
  base_ = mapping.base + offset;
  pages_ = bytes / kPageBytes;
  uint64_t header_pages = pages_for(sizeof(Header));
  uint64_t link_pages = pages_for(pages_ * sizeof(int32_t));
  if (pages_ < header_pages + link_pages + kSlabPages) return false;
  if (!commit_pages(mapping, offset, (header_pages + link_pages) * kPageBytes)) return false;
  header_ = reinterpret_cast<Header*>(base_);
  links_ = reinterpret_cast<int32_t*>(base_ + header_pages * kPageBytes);
  // Whoever opens the arena first moves the top past the tables; memory starts as zeros.
  uint64_t untouched = 0;
  std::atomic_ref<uint64_t>(header_->top)
      .compare_exchange_strong(untouched, header_pages + link_pages, std::memory_order_relaxed);
  return true;
}

uint64_t Heap::capacity(uint64_t bytes) {
  uint64_t units = units_for(bytes);
  if (units <= kSmallUnits) return class_size(size_class(units)) * kUnitBytes;
  return class_size(size_class(pages_for(bytes))) * kPageBytes;
}

uint32_t Heap::allocate(uint64_t bytes, bool zeroed) {
  if (bytes > pages_ * kPageBytes) return 0;
  uint64_t units = units_for(bytes);
  uint32_t unit = 0;
  bool zero = false;
  // Counted before it is taken, and until after it is given back: of what the dead had in hand none is
  // missing.
  count_live(static_cast<int64_t>(capacity(bytes)));
  if (units <= kSmallUnits) {
    unit = allocate_small(size_class(units));
  } else {
    unit = allocate_pages(size_class(pages_for(bytes)), zero) * kUnitsPerPage;
  }
  if (unit == 0) {
    count_live(-static_cast<int64_t>(capacity(bytes)));
    return 0;
  }
  if (zeroed && !zero) std::memset(at(unit), 0, bytes);
  return unit;
}

void Heap::free(uint32_t unit, uint64_t bytes) {
  if (unit == 0) return;
  const uint64_t units = units_for(bytes);
  if (units <= kSmallUnits) {
    TaggedStack(header_->small[size_class(units)], slab_links()).push(unit);
  } else {
    free_pages(unit / kUnitsPerPage, size_class(pages_for(bytes)));
  }
  count_live(-static_cast<int64_t>(capacity(bytes)));
}

void Heap::free_pages(uint32_t page, uint32_t size_class) {
  const auto pages = static_cast<int64_t>(class_size(size_class));
  auto resident = counter(header_->resident_free);
  HEDDLE_ACCESS();
  if (resident.fetch_add(pages, std::memory_order_relaxed) + pages <= kResidentFreePages) {
    TaggedStack(header_->resident[size_class], page_links()).push(page);
    return;
  }
  HEDDLE_ACCESS();
  resident.fetch_sub(pages, std::memory_order_relaxed);
  bool zero = discard_pages(mapping_, offset_ + page * kPageBytes, static_cast<size_t>(pages) * kPageBytes);
  if (!zero) std::memset(base_ + page * kPageBytes, 0, static_cast<size_t>(pages) * kPageBytes);
  TaggedStack(header_->discarded[size_class], page_links()).push(page);
}

void Heap::count_live(int64_t bytes) {
  HEDDLE_STEP();
  counter(header_->live_bytes).fetch_add(bytes, std::memory_order_relaxed);
  HEDDLE_STEP();
}

int64_t Heap::live_bytes() const {
  return counter(header_->live_bytes).load(std::memory_order_relaxed);
}

uint64_t Heap::top_bytes() const {
  return std::atomic_ref<uint64_t>(header_->top).load(std::memory_order_relaxed) * kPageBytes;
}

uint32_t Heap::allocate_small(uint32_t size_class) {
  TaggedStack stack(header_->small[size_class], slab_links());
  uint32_t unit = 0;
  while (!stack.pop(unit)) {
    if (!carve_slab(size_class)) return 0;
  }
  return unit;
}

bool Heap::carve_slab(uint32_t size_class) {
  uint32_t page = carve(kSlabPages, kSlabPages);
  if (page == 0) return false;
  auto links = slab_links();
  auto step = static_cast<uint32_t>(class_size(size_class));
  uint32_t slab = page * kUnitsPerPage;
  // The links of the slab fill its first page.
  uint32_t first = slab + kUnitsPerPage;
  uint32_t last = first;
  for (uint32_t next = first + step; next + step <= slab + kSlabUnits; next += step) {
    std::atomic_ref<int32_t>(links(last)).store(static_cast<int32_t>(next + 1), std::memory_order_relaxed);
    last = next;
  }
  TaggedStack(header_->small[size_class], links).push_chain(first, last);
  return true;
}

uint32_t Heap::allocate_pages(uint32_t size_class, bool& zero) {
  uint32_t page = 0;
  uint64_t pages = class_size(size_class);
  if (TaggedStack(header_->resident[size_class], page_links()).pop(page)) {
    HEDDLE_ACCESS();
    counter(header_->resident_free).fetch_sub(static_cast<int64_t>(pages), std::memory_order_relaxed);
    zero = false;
    return page;
  }
  zero = true;
  if (TaggedStack(header_->discarded[size_class], page_links()).pop(page)) {
    if (commit_pages(mapping_, offset_ + page * kPageBytes, pages * kPageBytes)) return page;
    push_discarded(page, pages);
    return 0;
  }
  page = carve(pages, 1);
  return page != 0 ? page : split_larger(size_class);
}

uint32_t Heap::carve(uint64_t pages, uint64_t alignment) {
  std::atomic_ref<uint64_t> top(header_->top);
  uint64_t seen = top.load(std::memory_order_relaxed);
  uint64_t page = 0;
  do {
    page = (seen + alignment - 1) / alignment * alignment;
    if (page + pages > pages_) return 0;
    HEDDLE_ACCESS();
  } while (!top.compare_exchange_weak(seen, page + pages, std::memory_order_relaxed));
  if (page > seen) push_discarded(static_cast<uint32_t>(seen), page - seen);
  if (!commit_pages(mapping_, offset_ + page * kPageBytes, pages * kPageBytes)) {
    push_discarded(static_cast<uint32_t>(page), pages);
    return 0;
  }
  return static_cast<uint32_t>(page);
}

uint32_t Heap::split_larger(uint32_t size_class) {
  uint64_t pages = class_size(size_class);
  for (uint32_t larger = size_class + 1; larger < kPageClasses; larger++) {
    uint32_t page = 0;
    uint64_t whole = class_size(larger);
    if (!TaggedStack(header_->discarded[larger], page_links()).pop(page)) {
      if (!TaggedStack(header_->resident[larger], page_links()).pop(page)) continue;
      HEDDLE_ACCESS();
      counter(header_->resident_free).fetch_sub(static_cast<int64_t>(whole), std::memory_order_relaxed);
      if (!discard_pages(mapping_, offset_ + page * kPageBytes, whole * kPageBytes)) {
        std::memset(base_ + page * kPageBytes, 0, whole * kPageBytes);
      }
    }
    push_discarded(page + static_cast<uint32_t>(pages), whole - pages);
    if (commit_pages(mapping_, offset_ + page * kPageBytes, pages * kPageBytes)) return page;
    push_discarded(page, pages);
    return 0;
  }
  return 0;
}

// Hands over a stretch of pages that read as zero, cut into blocks of whole size classes.
void Heap::push_discarded(uint32_t page, uint64_t pages) {
  while (pages > 0) {
    uint32_t cls = size_class(pages);
    if (class_size(cls) > pages) cls--;
    TaggedStack(header_->discarded[cls], page_links()).push(page);
    page += static_cast<uint32_t>(class_size(cls));
    pages -= class_size(cls);
  }
}

}  // namespace heddle

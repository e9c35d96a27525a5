// Sparse shared memory from the system, behind one small trait; mapping_{posix,windows}.cc implement it.
#pragma once

#include <cstddef>

namespace heddle {

struct Mapping {
  std::byte* base = nullptr;
  size_t bytes = 0;
  // What another process would inherit to map the same memory; -1 where there is none.
  int descriptor = -1;
};

inline constexpr size_t kPageBytes = 4096;

// Reserves zeroed memory that takes up room only where it is touched. False, with nothing changed,
// when the system has no such stretch of addresses.
[[nodiscard]] bool map_sparse(size_t bytes, Mapping& mapping);
// Maps what a descriptor from another process leads to, and keeps it or closes it. False, with the reason,
// when it is no memory of at least `least_bytes` that processes share.
[[nodiscard]] bool map_inherited(int descriptor, size_t least_bytes, Mapping& mapping, const char** refusal);
void unmap(Mapping& mapping);

// Makes pages usable, on systems where reserving is not enough. Page-aligned.
[[nodiscard]] bool commit_pages(const Mapping& mapping, size_t offset, size_t bytes);
// Gives pages back to the system; they must be committed again before use. True when they will then
// read as zero. Page-aligned.
bool discard_pages(const Mapping& mapping, size_t offset, size_t bytes);
// Gives the memory of pages back that others may read and write meanwhile. Page-aligned.
void empty_pages(const Mapping& mapping, size_t offset, size_t bytes);

}  // namespace heddle

// See arena.h.
#include "arena.h"

#include "processes.h"
#include "thread_annotations.h"

namespace heddle {

namespace {

// Never destroyed on purpose.
struct OfThisProcess {
  LocalMutex mutex;
  Arena* arena HEDDLE_GUARDED_BY(mutex) = nullptr;
  const char* refusal HEDDLE_GUARDED_BY(mutex) = nullptr;
};

OfThisProcess& of_this_process() {
  static auto* const only = new OfThisProcess;
  return *only;
}

}  // namespace

Arena* Arena::process(const char** refusal) {
  OfThisProcess& own = of_this_process();
  LocalLock lock(own.mutex);
  if (own.arena == nullptr && own.refusal == nullptr) {
    own.arena = open(kHeapBytes, &own.refusal).release();
  }
  if (refusal != nullptr && own.refusal != nullptr) *refusal = own.refusal;
  return own.arena;
}

bool Arena::inherit(int descriptor, uint64_t nonce, int32_t record, int32_t generation,
                    const char** refusal) {
  std::unique_ptr<Arena> arena = open_inherited(descriptor, nonce, refusal);
  if (arena == nullptr) return false;
  OfThisProcess& own = of_this_process();
  LocalLock lock(own.mutex);
  if (own.arena != nullptr) {
    *refusal = "this process has an arena of its own already";
    return false;
  }
  if (!claim_process(*arena, {record, generation})) {
    *refusal = "the process that started this one has ended meanwhile";
    return false;
  }
  own.arena = arena.release();
  return true;
}

std::unique_ptr<Arena> Arena::open_inherited(int descriptor, uint64_t nonce, const char** refusal) {
  std::unique_ptr<Arena> arena(new Arena());
  // Control segment and heap have the sizes that the first process found room for.
  if (!map_inherited(descriptor, kControlBytes + kSmallestHeapBytes, arena->mapping_, refusal))
    return nullptr;
  arena->words_ = reinterpret_cast<int32_t*>(arena->mapping_.base);
  // acquire: pairs with the store of the magic number in open().
  if (arena->word(layout::Header::MAGIC).load(std::memory_order_acquire) != layout::MAGIC) {
    *refusal = "the inherited descriptor leads to something else than an arena";
    return nullptr;
  }
  if (arena->get(layout::Header::VERSION) != layout::LAYOUT_VERSION ||
      arena->get(layout::Header::LAYOUT) != static_cast<int32_t>(layout::HASH)) {
    *refusal = "the process that started this one runs another version of heddle";
    return nullptr;
  }
  if (arena->nonce() != nonce) {
    *refusal = "the inherited arena is that of another family of processes";
    return nullptr;
  }
  if (!arena->heap_.open(arena->mapping_, kControlBytes, arena->mapping_.bytes - kControlBytes)) {
    *refusal = "the inherited arena has no heap";
    return nullptr;
  }
  return arena;
}

uint64_t Arena::nonce() const {
  return long_word(layout::Header::NONCE).load(std::memory_order_relaxed);
}

std::unique_ptr<Arena> Arena::open(size_t heap_bytes, const char** refusal) {
  const char* ignored = nullptr;
  if (refusal == nullptr) refusal = &ignored;
  std::unique_ptr<Arena> arena(new Arena());
  while (!map_sparse(kControlBytes + heap_bytes, arena->mapping_)) {
    heap_bytes /= 2;
    if (heap_bytes < kSmallestHeapBytes) {
      *refusal = "the system has no 450 MiB of address space for the arena (see `ulimit -v`)";
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
  found_family(*arena);
  // release: who finds the magic number finds all above.
  arena->word(layout::Header::MAGIC).store(layout::MAGIC, std::memory_order_release);
  return arena;
}

void Arena::empty_pages(int32_t first, int32_t count) const {
  const size_t begin =
      (static_cast<size_t>(first) * sizeof(int32_t) + kPageBytes - 1) / kPageBytes * kPageBytes;
  const size_t end = static_cast<size_t>(first + count) * sizeof(int32_t) / kPageBytes * kPageBytes;
  if (begin < end) heddle::empty_pages(mapping_, begin, end - begin);
}

Arena::~Arena() {
  unmap(mapping_);
}

}  // namespace heddle

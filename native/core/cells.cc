// See cells.h.
#include "cells.h"

#include "queue.h"
#include "shared_array.h"
#include "tagged_stack.h"

namespace heddle {

using namespace layout;

namespace {

Handle cell_at(uint32_t index) {
  return CELLS_START + static_cast<int32_t>(index) * WORDS_PER_CELL;
}

uint32_t index_of(Handle cell) {
  return static_cast<uint32_t>((cell - CELLS_START) / WORDS_PER_CELL);
}

auto free_cells(Arena& arena) {
  auto& head = reinterpret_cast<uint64_t&>(arena.words()[Header::FREE_CELLS]);
  return TaggedStack(head, [words = arena.words()](uint32_t index) -> int32_t& {
    return words[cell_at(index) + Cell::REFS];
  });
}

bool is_mutex_held_by(const Self& self, Handle object, int32_t slot) {
  if (self.get(object, Cell::KIND) != Kind::MUTEX) return false;
  int32_t state = self.get(object, Cell::STATE);
  return (state & Mutex::LOCKED) != 0 && state >> Mutex::OWNER_SHIFT == slot;
}

// The bit for an object in a slot's bitmap. Only the slot's own thread, or who sweeps it, writes it.
struct ReferenceBit {
  int32_t word;
  int32_t mask;
  ReferenceBit(int32_t slot, Handle object)
      : word(REFS_START + slot * REF_WORDS_PER_SLOT + static_cast<int32_t>(index_of(object) / 32)),
        mask(static_cast<int32_t>(1U << (index_of(object) % 32))) {}
};

// False when the bit was set already.
bool note_reference(Self& self, Handle object) {
  ReferenceBit bit(self.slot, object);
  int32_t bits = self.arena.get(bit.word);
  if ((bits & bit.mask) != 0) return false;
  self.arena.set(bit.word, bits | bit.mask);
  int32_t top = slot_word(self.slot, Slot::REFS_TOP);
  auto index = static_cast<int32_t>(index_of(object));
  if (index > self.arena.get(top)) self.arena.set(top, index);
  return true;
}

// Nobody holds this end of a pipe any more: who is at the other end comes to know it by its queue.
void hang_up(Self& self, Handle end, int32_t word, bool drop_items, Doomed& doomed) {
  const Handle queue = self.get(end, word);
  if (queue == 0) return;
  // References are dropped where nobody looks for grants, by the garbage collector's callbacks for one.
  queue_shutdown(self, queue, drop_items, Wakes::kOwnLoopToo);
  doomed.drop(queue);
}

void destroy(Self& self, Handle object, Doomed& doomed) {
  switch (self.get(object, Cell::KIND)) {
    case Kind::QUEUE:
      queue_destroy(self, object, doomed);
      break;
    case Kind::CONDITION:
      if (Handle lock = self.get(object, Condition::LOCK)) doomed.drop(lock);
      break;
    case Kind::VALUE:
      if (Handle lock = self.get(object, Value::LOCK)) doomed.drop(lock);
      break;
    case Kind::ARRAY:
      if (Handle lock = self.get(object, SharedArray::LOCK)) doomed.drop(lock);
      array_free(self, object);
      break;
    case Kind::PIPE_END:
      hang_up(self, object, PipeEnd::OUTGOING, false, doomed);
      hang_up(self, object, PipeEnd::INCOMING, true, doomed);
      break;
    default:
      break;
  }
  free_cell(self.arena, object);
}

}  // namespace

Handle allocate_cell(Arena& arena) {
  uint32_t index = 0;
  if (!free_cells(arena).pop(index)) {
    auto top = arena.word(Header::CELLS_TOP);
    int32_t seen = top.load(std::memory_order_relaxed);
    do {
      if (seen >= MAX_CELLS) {
        // The last ones may have come back meanwhile.
        if (free_cells(arena).pop(index)) break;
        return 0;
      }
      index = static_cast<uint32_t>(seen);
    } while (!top.compare_exchange_weak(seen, seen + 1, std::memory_order_relaxed));
  }
  arena.word(Header::CELLS_LIVE).fetch_add(1, std::memory_order_relaxed);
  Handle cell = cell_at(index);
  for (int32_t i = 0; i < WORDS_PER_CELL; i++) arena.set(cell + i, 0);
  return cell;
}

void free_cell(Arena& arena, Handle cell) {
  arena.word(cell + Cell::KIND).store(Kind::FREE, std::memory_order_relaxed);
  arena.word(Header::CELLS_LIVE).fetch_sub(1, std::memory_order_relaxed);
  free_cells(arena).push(index_of(cell));
}

Handle create_object(Self& self, int32_t kind) {
  Handle object = allocate_cell(self.arena);
  if (object == 0) return 0;
  self.set(object, Cell::REFS, 1);
  note_reference(self, object);
  // release: who finds a cell by scanning, and its kind, finds a whole object.
  self.word(object, Cell::KIND).store(kind, std::memory_order_release);
  return object;
}

// relaxed: whoever adds a reference has one, so the count is not 0 and nothing is published.
void retain(Self& self, Handle object) {
  self.word(object, Cell::REFS).fetch_add(1, std::memory_order_relaxed);
}

void release(Self& self, Handle object) {
  Doomed(self).drop(object);
}

void adopt(Self& self, Handle object) {
  // The isolate's own reference keeps the count above 0.
  if (!note_reference(self, object)) {
    self.word(object, Cell::REFS).fetch_sub(1, std::memory_order_release);
  }
}

void disown(Self& self, int32_t slot, Handle object) {
  ReferenceBit bit(slot, object);
  int32_t bits = self.arena.get(bit.word);
  if ((bits & bit.mask) == 0) return;
  // A mutex forgotten while it is held, and known to others, stays noted until its holder ends: only
  // so is it passed on then.
  if (slot == self.slot && is_mutex_held_by(self, object, slot) &&
      self.word(object, Cell::REFS).load(std::memory_order_relaxed) > 1 &&
      self.arena.get(slot_word(slot, Slot::STATE)) == SlotState::LIVE) {
    return;
  }
  self.arena.set(bit.word, bits & ~bit.mask);
  release(self, object);
}

void Doomed::drop(Handle object) {
  // release: what was done to the object so far comes before its destruction; acquire: by whoever
  // drops the last reference.
  if (self_.word(object, Cell::REFS).fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  // Nobody can reach the object any more; its state word links it.
  self_.set(object, Cell::STATE, first_);
  first_ = object;
}

Doomed::~Doomed() {
  while (first_ != 0) {
    Handle object = first_;
    first_ = self_.get(object, Cell::STATE);
    destroy(self_, object, *this);
  }
}

}  // namespace heddle

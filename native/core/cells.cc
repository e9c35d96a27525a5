// See cells.h.
#include "cells.h"

#include <utility>

#include "queue.h"
#include "shared_array.h"

namespace heddle {

using namespace layout;

namespace {

Handle cell_at(uint32_t index) {
  return CELLS_START + static_cast<int32_t>(index) * WORDS_PER_CELL;
}

uint32_t index_of(Handle cell) {
  return static_cast<uint32_t>((cell - CELLS_START) / WORDS_PER_CELL);
}

// Takes a cell out of those that are free, zeroed but for KIND and REFS; 0 when there is none left.
Handle allocate(const Self& self, const InnerGuard& guard) {
  const Arena& arena = self.arena;
  const int32_t free = arena.get(Header::FREE_CELLS);
  const int32_t top = arena.get(Header::CELLS_TOP);
  if (free == 0 && top == MAX_CELLS) return 0;
  const Handle cell = cell_at(static_cast<uint32_t>(free != 0 ? free - 1 : top));
  for (int32_t i = Cell::STATE; i < WORDS_PER_CELL; i++) arena.set(cell + i, 0);
  if (free != 0) {
    guard.set(Header::FREE_CELLS, arena.get(cell + Cell::REFS));
  } else {
    guard.set(Header::CELLS_TOP, top + 1);
  }
  guard.set(Header::CELLS_LIVE, arena.get(Header::CELLS_LIVE) + 1);
  return cell;
}

// `doomed`: a word that is 0 or names the cell as the first of a list, which is cut short in the same
// instant.
void give_back(Self& self, Handle cell, int32_t doomed) {
  const InnerGuard guard(self.arena, self.slot, Header::CELLS_GUARD);
  if (doomed != 0) guard.set(doomed, self.get(cell, Cell::STATE));
  guard.set(cell, Cell::KIND, Kind::FREE);
  guard.set(cell, Cell::REFS, self.arena.get(Header::FREE_CELLS));
  guard.set(Header::FREE_CELLS, static_cast<int32_t>(index_of(cell)) + 1);
  guard.set(Header::CELLS_LIVE, self.arena.get(Header::CELLS_LIVE) - 1);
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

// Makes sure that a sweep looks at the bit.
void reach(const Self& self, Handle object) {
  const int32_t top = slot_word(self.slot, Slot::REFS_TOP);
  const auto index = static_cast<int32_t>(index_of(object));
  if (index > self.arena.get(top)) self.arena.set(top, index);
  HEDDLE_STEP();
}

int32_t doomed_word(const Self& self, int32_t slot) {
  return SlotJournal(self.arena, slot).index_of(layout::Journal::DOOMED);
}

// Drops a reference to an object whose guard is held.
void drop(Self& self, const Guard& guard, int32_t slot, Handle object) {
  const int32_t before = self.get(object, Cell::REFS);
  guard.set(object, Cell::REFS, before - 1);
  if (before != 1) return;
  // Nobody can reach the object any more.
  const int32_t doomed = doomed_word(self, slot);
  const Handle first = self.arena.get(doomed);
  if (first == 0) {
    guard.set(object, Cell::STATE, 0);
    guard.set(doomed, object);
  } else {
    // Behind the first, which may be half destroyed.
    guard.set(object, Cell::STATE, self.get(first, Cell::STATE));
    guard.set(first, Cell::STATE, object);
  }
}

void drop_word(Self& self, int32_t slot, int32_t word) {
  if (const Handle object = self.arena.get(word)) drop_reference(self, slot, object, word);
}

// Nobody holds this end of a pipe any more: who is at the other end comes to know it by its queue.
void hang_up(Self& self, int32_t slot, Handle end, int32_t word, bool drop_items) {
  const Handle queue = self.get(end, word);
  if (queue == 0) return;
  // References are dropped where nobody looks for grants, by the garbage collector's callbacks for one.
  queue_shutdown(self, queue, drop_items, Wakes::kOwnLoopToo);
  drop_reference(self, slot, queue, end + word);
}

// The object itself stays: its owner hears of it from the broker.
void destroy_proxy(Self& self, int32_t slot, Handle proxy) {
  drop_word(self, slot, proxy + ProxyWord::REQUESTS);
  if (self.get(proxy, Cell::KIND) != (Kind::PIPE_END | PROXY)) return;
  drop_word(self, slot, proxy + PipeEnd::OUTGOING);
  drop_word(self, slot, proxy + PipeEnd::INCOMING);
}

void destroy(Self& self, int32_t slot, Handle object) {
  switch (self.get(object, Cell::KIND)) {
    case Kind::QUEUE:
      queue_destroy(self, slot, object);
      break;
    case Kind::CONDITION:
      drop_word(self, slot, object + Condition::LOCK);
      break;
    case Kind::VALUE:
      drop_word(self, slot, object + Value::LOCK);
      break;
    case Kind::ARRAY:
      drop_word(self, slot, object + SharedArray::LOCK);
      array_free(self, object);
      break;
    case Kind::PIPE_END:
      hang_up(self, slot, object, PipeEnd::OUTGOING, false);
      hang_up(self, slot, object, PipeEnd::INCOMING, true);
      break;
    default:
      if ((self.get(object, Cell::KIND) & PROXY) != 0) destroy_proxy(self, slot, object);
      break;
  }
}

}  // namespace

Handle create_node(Self& self) {
  const InnerGuard guard(self.arena, self.slot, Header::CELLS_GUARD);
  const Handle node = allocate(self, guard);
  if (node == 0) return 0;
  self.set(node, Node::SLOT, self.slot);
  // A sweep that sees the kind sees whose node it is.
  guard.publish(node + Cell::KIND, Kind::NODE);
  return node;
}

void free_cell(Self& self, Handle cell) {
  give_back(self, cell, 0);
}

Handle create_object(Self& self, int32_t kind) {
  const InnerGuard guard(self.arena, self.slot, Header::CELLS_GUARD);
  const Handle object = allocate(self, guard);
  if (object == 0) return 0;
  guard.set(object, Cell::REFS, 1);
  const ReferenceBit bit(self.slot, object);
  reach(self, object);
  guard.set(bit.word, self.arena.get(bit.word) | bit.mask);
  guard.set(object, Cell::KIND, kind);
  return object;
}

void retain(Self& self, Handle object) {
  const Guard guard(self, object);
  // One word needs no log.
  self.set(object, Cell::REFS, self.get(object, Cell::REFS) + 1);
}

void retain_for(Self& self, Handle object, int32_t word) {
  const Guard guard(self, object);
  guard.add(object, Cell::REFS, 1);
  guard.publish(word, object);
}

void release(Self& self, Handle object) {
  drop_reference(self, self.slot, object, 0);
  destroy_doomed(self, self.slot);
}

void adopt(Self& self, Handle object) {
  const ReferenceBit bit(self.slot, object);
  const int32_t bits = self.arena.get(bit.word);
  if ((bits & bit.mask) == 0) {
    reach(self, object);
    self.arena.set(bit.word, bits | bit.mask);
    return;
  }
  // The isolate's own reference keeps the count above 0.
  const Guard guard(self, object);
  self.set(object, Cell::REFS, self.get(object, Cell::REFS) - 1);
}

void disown(Self& self, int32_t slot, Handle object) {
  const ReferenceBit bit(slot, object);
  if ((self.arena.get(bit.word) & bit.mask) == 0) return;
  // A mutex forgotten while it is held, and known to others, stays noted until its holder ends: only
  // so is it passed on then.
  if (slot == self.slot && is_mutex_held_by(self, object, slot) && self.get(object, Cell::REFS) > 1 &&
      self.arena.get(slot_word(slot, Slot::STATE)) == SlotState::LIVE) {
    return;
  }
  {
    const Guard guard(self, object);
    guard.set(bit.word, self.arena.get(bit.word) & ~bit.mask);
    drop(self, guard, slot, object);
  }
  destroy_doomed(self, slot);
}

void drop_reference(Self& self, int32_t slot, Handle object, int32_t word) {
  const Guard guard(self, object);
  if (word != 0) guard.set(word, 0);
  drop(self, guard, slot, object);
}

void destroy_doomed(Self& self, int32_t slot) {
  const int32_t doomed = doomed_word(self, slot);
  if (self.arena.get(doomed) == 0) return;
  // What is dropped on the way may be the last reference to others: they are seen to here.
  if (self.destroying == slot) return;
  const int32_t outer = std::exchange(self.destroying, slot);
  while (const Handle object = self.arena.get(doomed)) {
    destroy(self, slot, object);
    give_back(self, object, doomed);
  }
  self.destroying = outer;
}

}  // namespace heddle

// Cells and the references to them.
//
// A cell lives as long as its count of references, which come in two sorts: one of an isolate, noted
// in its slot's bitmap so that it can be dropped when the isolate dies, and any number that belong to
// messages in flight or to other cells. The count changes only under the object's guard, in one section with
// the word that stands for the reference, be it a bit or another cell's word.
//
// A cell is allocated and given back under CELLS_GUARD, in one section with what says whose it is.
//
// Objects whose last reference is gone wait to be destroyed in a list that the slot's journal holds, linked
// by their state words. Each step takes what it destroys out of the object in the same section in which it is
// given back: if the isolate dies in the middle, the sweep goes on where it stopped.
#pragma once

#include "guard.h"
#include "self.h"

namespace heddle {

// A waiter node of this isolate, zeroed otherwise; 0 when cells are exhausted.
[[nodiscard]] Handle create_node(Self& self);
void free_cell(Self& self, Handle cell);

// A shared object with one reference, of this isolate; 0 when cells are exhausted.
[[nodiscard]] Handle create_object(Self& self, int32_t kind);
void retain(Self& self, Handle object);
void release(Self& self, Handle object);
// Turns a message's reference into the isolate's one.
void adopt(Self& self, Handle object);
// Drops the reference of a slot: the own one, or one that is swept.
void disown(Self& self, int32_t slot, Handle object);

// Adds a reference that a word of the arena, which is 0, stands for from the same instant on.
void retain_for(Self& self, Handle object, int32_t word);
// Drops a reference that a word of the arena stands for, which becomes 0 in the same instant; `word` 0: none
// does. `slot`: whose journal takes the object when it was the last.
void drop_reference(Self& self, int32_t slot, Handle object, int32_t word);
// Destroys the objects that a slot's journal names, and what they were the last to refer to.
void destroy_doomed(Self& self, int32_t slot);

// Destroys at its end, when no guard is held any more.
class Doomed {
 public:
  explicit Doomed(Self& self) : self_(self) {}
  ~Doomed() { destroy_doomed(self_, self_.slot); }
  Doomed(const Doomed&) = delete;
  Doomed& operator=(const Doomed&) = delete;

 private:
  Self& self_;
};

// Calls visit(handle) for every reference noted in a slot's bitmap.
template <class Visit>
void each_reference(const Arena& arena, int32_t slot, Visit visit) {
  int32_t start = layout::REFS_START + slot * layout::REF_WORDS_PER_SLOT;
  int32_t top = arena.get(slot_word(slot, layout::Slot::REFS_TOP));
  for (int32_t word = 0; word <= top / 32; word++) {
    auto bits = static_cast<uint32_t>(arena.get(start + word));
    for (; bits != 0; bits &= bits - 1) {
      visit(layout::CELLS_START + (word * 32 + std::countr_zero(bits)) * layout::WORDS_PER_CELL);
    }
  }
}

}  // namespace heddle

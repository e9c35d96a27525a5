// Cells and the references to them.
//
// A cell lives as long as its count of references, which come in two sorts: one of an isolate, noted
// in its slot's bitmap so that it can be dropped when the isolate dies, and any number that belong to
// messages in flight or to other cells.
#pragma once

#include "self.h"

namespace heddle {

// A cell of zeros, its kind still FREE; 0 when there is none left.
[[nodiscard]] Handle allocate_cell(Arena& arena);
void free_cell(Arena& arena, Handle cell);

// A shared object with one reference, of this isolate; 0 when cells are exhausted.
[[nodiscard]] Handle create_object(Self& self, int32_t kind);
void retain(Self& self, Handle object);
void release(Self& self, Handle object);
// Turns a message's reference into the isolate's one.
void adopt(Self& self, Handle object);
// Drops the reference of a slot: the own one, or one that is swept.
void disown(Self& self, int32_t slot, Handle object);

// References that go with the destruction of an object, collected so that a chain of objects each
// holding the next is taken down without recursion.
class Doomed {
 public:
  explicit Doomed(Self& self) : self_(self) {}
  ~Doomed();
  Doomed(const Doomed&) = delete;
  Doomed& operator=(const Doomed&) = delete;

  // Drops a reference; the object is destroyed, if it was the last, when this list goes.
  void drop(Handle object);

 private:
  Self& self_;
  Handle first_ = 0;
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

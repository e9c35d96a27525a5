// See entry_deque.h.
#include "entry_deque.h"

#include <algorithm>
#include <bit>

namespace heddle {

bool EntryDeque::reserve(uint32_t count) {
  if (state_.tail != 0 && state_.tail_index < at(state_.tail)->capacity) return true;
  // As large as all before together: their number grows with the logarithm of the count at first.
  uint64_t bytes =
      std::clamp(std::bit_ceil(uint64_t{count} * sizeof(Entry)), kSmallestSegment, kLargestSegment);
  uint32_t unit = heap_.allocate(bytes);
  if (unit == 0) return false;
  auto capacity = static_cast<uint32_t>((bytes - sizeof(Segment)) / sizeof(Entry));
  Segment* segment = at(unit);
  segment->next = 0;
  segment->previous = state_.tail;
  segment->capacity = capacity;
  if (state_.tail != 0) {
    set(at(state_.tail)->next, unit);
  } else {
    set(state_.head, unit);
    set(state_.head_index, 0);
  }
  set(state_.tail, unit);
  set(state_.tail_index, 0);
  return true;
}

void EntryDeque::push_back(const Entry& entry) {
  at(state_.tail)->entries()[state_.tail_index] = entry;
  set(state_.tail_index, state_.tail_index + 1);
}

const Entry& EntryDeque::front() const {
  Segment* first = at(state_.head);
  if (state_.head_index < first->capacity) return first->entries()[state_.head_index];
  return at(first->next)->entries()[0];
}

const Entry& EntryDeque::back() const {
  Segment* last = at(state_.tail);
  if (state_.tail_index > 0) return last->entries()[state_.tail_index - 1];
  Segment* before = at(last->previous);
  return before->entries()[before->capacity - 1];
}

Entry EntryDeque::pop_front() {
  if (state_.head_index == at(state_.head)->capacity) drop_first();
  const Entry entry = at(state_.head)->entries()[state_.head_index];
  set(state_.head_index, state_.head_index + 1);
  reset_if_empty();
  return entry;
}

Entry EntryDeque::pop_back() {
  if (state_.tail_index == 0) drop_last();
  set(state_.tail_index, state_.tail_index - 1);
  const Entry entry = at(state_.tail)->entries()[state_.tail_index];
  reset_if_empty();
  return entry;
}

void EntryDeque::drop_first() {
  frees_.add(state_.head, at(state_.head)->bytes());
  set(state_.head, at(state_.head)->next);
  set(state_.head_index, 0);
  set(at(state_.head)->previous, 0);
}

void EntryDeque::drop_last() {
  frees_.add(state_.tail, at(state_.tail)->bytes());
  set(state_.tail, at(state_.tail)->previous);
  set(state_.tail_index, at(state_.tail)->capacity);
  set(at(state_.tail)->next, 0);
}

// Begins the segment anew, so that a queue that is emptied again and again stays in one place.
void EntryDeque::reset_if_empty() {
  if (state_.head_index == at(state_.head)->capacity && state_.head != state_.tail) {
    // The tail has nothing either if its first index is the next to fill.
    if (at(state_.head)->next != state_.tail || state_.tail_index != 0) return;
    drop_first();
  }
  if (!empty()) return;
  if (at(state_.head)->bytes() > kKeptSegment) {
    free_memory();
  } else if (state_.tail_index != 0) {
    set(state_.head_index, 0);
    set(state_.tail_index, 0);
  }
}

void EntryDeque::free_memory() {
  if (state_.head == 0) return;
  frees_.add(state_.head, at(state_.head)->bytes());
  set(state_.head, 0);
  set(state_.tail, 0);
  set(state_.head_index, 0);
  set(state_.tail_index, 0);
}

}  // namespace heddle

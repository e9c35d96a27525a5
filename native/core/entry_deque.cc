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
    at(state_.tail)->next = unit;
  } else {
    state_.head = unit;
    state_.head_index = 0;
  }
  state_.tail = unit;
  state_.tail_index = 0;
  return true;
}

void EntryDeque::push_back(const Entry& entry) {
  at(state_.tail)->entries()[state_.tail_index] = entry;
  state_.tail_index++;
}

Entry EntryDeque::pop_front() {
  Segment* segment = at(state_.head);
  if (state_.head_index == segment->capacity) {
    uint32_t used_up = state_.head;
    state_.head = segment->next;
    state_.head_index = 0;
    heap_.free(used_up, segment->bytes());
    segment = at(state_.head);
    segment->previous = 0;
  }
  Entry entry = segment->entries()[state_.head_index++];
  reset_if_empty();
  return entry;
}

Entry EntryDeque::pop_back() {
  Segment* segment = at(state_.tail);
  if (state_.tail_index == 0) {
    uint32_t used_up = state_.tail;
    state_.tail = segment->previous;
    heap_.free(used_up, segment->bytes());
    segment = at(state_.tail);
    segment->next = 0;
    state_.tail_index = segment->capacity;
  }
  Entry entry = segment->entries()[--state_.tail_index];
  reset_if_empty();
  return entry;
}

// Begins the segment anew, so that a queue that is emptied again and again stays in one place.
void EntryDeque::reset_if_empty() {
  Segment* segment = at(state_.head);
  if (state_.head_index == segment->capacity && state_.head != state_.tail) {
    // The tail has nothing either if its first index is the next to fill.
    if (segment->next != state_.tail || state_.tail_index != 0) return;
    uint32_t used_up = state_.head;
    state_.head = state_.tail;
    state_.head_index = 0;
    heap_.free(used_up, segment->bytes());
    segment = at(state_.head);
    segment->previous = 0;
  }
  if (!empty()) return;
  if (segment->bytes() > kKeptSegment) {
    free_memory();
  } else {
    state_.head_index = 0;
    state_.tail_index = 0;
  }
}

void EntryDeque::free_memory() {
  if (state_.head != 0) heap_.free(state_.head, at(state_.head)->bytes());
  state_ = {};
}

}  // namespace heddle

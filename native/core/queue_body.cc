// See queue_body.h.
#include "queue_body.h"

namespace heddle {

using namespace layout;

OutcomeCode QueueBody::push(uint32_t count, const Entry& entry, Key key) {
  if (discipline_ != Discipline::PRIORITY) {
    if (!deque_.reserve(count)) return Outcome::NO_MEMORY;
    deque_.push_back(entry);
    return Outcome::OK;
  }
  if (!priority_.accepts(count, key)) return Outcome::INCOMPARABLE;
  if (!priority_.reserve(count)) return Outcome::NO_MEMORY;
  priority_.push(count, entry, key);
  return Outcome::OK;
}

const Entry& QueueBody::peek() const {
  if (discipline_ == Discipline::PRIORITY) return priority_.top();
  return discipline_ == Discipline::LIFO ? deque_.back() : deque_.front();
}

Entry QueueBody::pop(uint32_t count) {
  if (discipline_ == Discipline::PRIORITY) return priority_.pop(count);
  return discipline_ == Discipline::LIFO ? deque_.pop_back() : deque_.pop_front();
}

void QueueBody::free_memory() {
  deque_.free_memory();
  priority_.free_memory();
}

void drop(Self& self, int32_t slot, const Entry& entry) {
  Heap& heap = self.arena.heap();
  PayloadStore::each_handle(heap, entry, [&](Handle handle) { drop_reference(self, slot, handle, 0); });
  PayloadStore::free(heap, entry);
}

}  // namespace heddle

// See queue_body.h.
#include "queue_body.h"

namespace heddle {

using namespace layout;

OutcomeCode QueueBody::push(uint32_t count, const PutItem& item, LargePayload& large) {
  Entry entry;
  if (discipline_ != Discipline::PRIORITY) {
    if (!deque_.reserve(count) || !payloads_.put(item, Key(), large, entry)) {
      return Outcome::NO_MEMORY;
    }
    deque_.push_back(entry);
    return Outcome::OK;
  }
  if (!priority_.accepts(count, item.key)) return Outcome::INCOMPARABLE;
  if (!priority_.reserve(count) || !payloads_.put(item, EntryHeap::stored_part(item.key), large, entry)) {
    return Outcome::NO_MEMORY;
  }
  priority_.push(count, entry, item.key);
  return Outcome::OK;
}

Entry QueueBody::pop(uint32_t count) {
  if (discipline_ == Discipline::PRIORITY) return priority_.pop(count);
  return discipline_ == Discipline::LIFO ? deque_.pop_back() : deque_.pop_front();
}

void QueueBody::clear(uint32_t count, Doomed& doomed) {
  for (; count > 0; count--) {
    Entry entry = pop(count);
    payloads_.each_handle(entry, [&](Handle handle) { doomed.drop(handle); });
    payloads_.free(entry);
  }
  deque_.free_memory();
  priority_.free_memory();
  payloads_.free_memory();
}

}  // namespace heddle

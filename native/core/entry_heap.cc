// See entry_heap.h.
#include "entry_heap.h"

#include <array>
#include <bit>
#include <cstring>

namespace heddle {

namespace {

uint32_t parent_of(uint32_t index) {
  return (index - 1) / 2;
}

}  // namespace

bool EntryHeap::reserve(uint32_t count) {
  if (count < state_.capacity) return true;
  return resize(count, state_.capacity == 0 ? kSmallestCapacity : state_.capacity * 2);
}

bool EntryHeap::resize(uint32_t count, uint32_t capacity) {
  uint32_t unit = heap_.allocate(uint64_t{capacity} * sizeof(Node));
  if (unit == 0) return false;
  if (count > 0) std::memcpy(heap_.at(unit), heap_.at(state_.nodes), count * sizeof(Node));
  frees_.add(state_.nodes, uint64_t{state_.capacity} * sizeof(Node));
  section_.set_at(state_.nodes, unit);
  section_.set_at(state_.capacity, capacity);
  return true;
}

void EntryHeap::set(Node& node, const Node& value) const {
  using Words = std::array<uint64_t, sizeof(Node) / sizeof(uint64_t)>;
  const auto words = std::bit_cast<Words>(value);
  auto* to = reinterpret_cast<uint64_t*>(&node);
  for (size_t i = 0; i < words.size(); i++) section_.set_at(to[i], words[i]);
}

Key EntryHeap::key_of(const Node& node) const {
  if (node.key_length <= kKeyInNode) return {node.key, node.key_length};
  return PayloadStore::stored_key(heap_, node.entry, node.key_length);
}

bool EntryHeap::goes_before(const Node& a, const Node& b) const {
  int order = compare_keys(key_of(a), key_of(b)).order;
  return order != 0 ? order < 0 : a.arrival < b.arrival;
}

bool EntryHeap::accepts(uint32_t count, Key key) const {
  // The way that push() will take it.
  for (uint32_t index = count; index > 0;) {
    index = parent_of(index);
    KeyOrder order = compare_keys(key, key_of(nodes()[index]));
    if (!order.comparable) return false;
    if (order.order >= 0) return true;
  }
  return true;
}

void EntryHeap::push(uint32_t count, const Entry& entry, Key key) {
  Node node{};
  node.entry = entry;
  node.arrival = state_.arrivals;
  section_.set_at(state_.arrivals, state_.arrivals + 1);
  node.key_length = static_cast<uint32_t>(key.size());
  if (key.size() <= kKeyInNode && !key.empty()) std::memcpy(node.key, key.data(), key.size());
  Node* all = nodes();
  uint32_t index = count;
  // The last place does not count yet.
  const auto put = [&](const Node& value) {
    if (index == count) {
      all[index] = value;
    } else {
      set(all[index], value);
    }
  };
  while (index > 0 && goes_before(node, all[parent_of(index)])) {
    put(all[parent_of(index)]);
    index = parent_of(index);
  }
  put(node);
}

Entry EntryHeap::pop(uint32_t count) {
  Node* all = nodes();
  Entry first = all[0].entry;
  uint32_t left = count - 1;
  const Node last = all[left];
  uint32_t hole = 0;
  for (uint32_t child = 1; child < left; child = 2 * hole + 1) {
    if (child + 1 < left && goes_before(all[child + 1], all[child])) child++;
    if (!goes_before(all[child], last)) break;
    set(all[hole], all[child]);
    hole = child;
  }
  if (hole != left) set(all[hole], last);
  if (left == 0 && state_.capacity > kSmallestCapacity) {
    free_memory();
  } else if (state_.capacity > kSmallestCapacity && left < state_.capacity / 4) {
    // Without memory for a smaller array the larger one stays.
    (void)resize(left, state_.capacity / 2);
  }
  return first;
}

void EntryHeap::free_memory() {
  frees_.add(state_.nodes, uint64_t{state_.capacity} * sizeof(Node));
  section_.set_at(state_.nodes, uint32_t{0});
  section_.set_at(state_.capacity, uint32_t{0});
}

}  // namespace heddle

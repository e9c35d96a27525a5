// The entries of a priority queue: a binary heap, lowest key first, equal keys in order of arrival. Changed
// in a section of the queue's guard.
#pragma once

#include "guard.h"
#include "late_frees.h"
#include "payload_store.h"

namespace heddle {

class EntryHeap {
 public:
  // The part of a queue's body that belongs to it. All zero is an empty heap.
  struct State {
    // Heap unit of the array of nodes, 0 for none, and how many fit.
    uint32_t nodes;
    uint32_t capacity;
    // Items ever put: orders equal keys.
    uint64_t arrivals;
  };

  EntryHeap(Heap& heap, State& state, const Section& section, LateFrees& frees)
      : heap_(heap), state_(state), section_(section), frees_(frees) {}

  // The part of a key that an entry's payload must hold: short ones fit the node.
  [[nodiscard]] static Key stored_part(Key key) { return key.size() <= kKeyInNode ? Key() : key; }

  // Makes room for one more in a heap of `count`. False when memory is exhausted.
  [[nodiscard]] bool reserve(uint32_t count);
  // Whether the key can be compared with all that it will be compared with.
  [[nodiscard]] bool accepts(uint32_t count, Key key) const;
  // After reserve(). The entry's payload holds stored_part(key).
  void push(uint32_t count, const Entry& entry, Key key);
  // What pop() would take.
  [[nodiscard]] const Entry& top() const { return nodes()[0].entry; }
  // The first of a heap of `count`, which is not 0.
  [[nodiscard]] Entry pop(uint32_t count);
  // Frees what an empty heap keeps.
  void free_memory();

 private:
  static constexpr size_t kKeyInNode = 16;
  static constexpr uint32_t kSmallestCapacity = 8;

  struct alignas(8) Node {
    Entry entry;
    uint8_t key[kKeyInNode];
    uint64_t arrival;
    uint32_t key_length;
    uint32_t unused;
  };
  static_assert(sizeof(Node) == 96);

  [[nodiscard]] Node* nodes() const { return reinterpret_cast<Node*>(heap_.at(state_.nodes)); }
  [[nodiscard]] Key key_of(const Node& node) const;
  [[nodiscard]] bool goes_before(const Node& a, const Node& b) const;
  // Changes a node that counts.
  void set(Node& node, const Node& value) const;
  [[nodiscard]] bool resize(uint32_t count, uint32_t capacity);

  Heap& heap_;
  State& state_;
  const Section& section_;
  LateFrees& frees_;
};

}  // namespace heddle

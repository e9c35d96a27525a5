// Lists of waiter nodes: circular, doubly linked by handles, headed by a word of the object that
// holds the first node or 0. Guarded by the object's guard, which every function takes as proof.
#pragma once

#include "guard.h"
#include "self.h"

namespace heddle {

[[nodiscard]] inline Handle first_waiter(const Self& self, const Guard&, Handle object, int32_t list) {
  return self.get(object, list);
}

[[nodiscard]] inline bool is_linked(const Self& self, const Guard&, Handle node) {
  return self.get(node, layout::Node::NEXT) != 0;
}

// Node::NEXT is 0 exactly when the node is in no list, undone sections included: so a sweep can tell one that
// is still linked from one that its isolate had just taken out, or not yet put in.
inline void push_back(const Self& self, const Guard& guard, Handle object, int32_t list, Handle node) {
  namespace Node = layout::Node;
  Handle first = self.get(object, list);
  self.set(node, Node::LIST, list);
  if (first == 0) {
    self.set(node, Node::PREVIOUS, node);
    guard.set(node, Node::NEXT, node);
    guard.set(object, list, node);
    return;
  }
  Handle last = self.get(first, Node::PREVIOUS);
  self.set(node, Node::PREVIOUS, last);
  guard.set(node, Node::NEXT, first);
  guard.set(last, Node::NEXT, node);
  guard.set(first, Node::PREVIOUS, node);
}

inline void unlink(const Self& self, const Guard& guard, Handle object, int32_t list, Handle node) {
  namespace Node = layout::Node;
  Handle next = self.get(node, Node::NEXT);
  Handle previous = self.get(node, Node::PREVIOUS);
  guard.set(node, Node::NEXT, 0);
  if (next == node) {
    guard.set(object, list, 0);
  } else {
    guard.set(previous, Node::NEXT, next);
    guard.set(next, Node::PREVIOUS, previous);
    if (self.get(object, list) == node) guard.set(object, list, next);
  }
}

// Takes the first `count` nodes at most out of a list, and returns the first of them; they are linked as
// before. 0 when there are none. `taken`: how many.
inline Handle cut_first(const Self& self, const Guard& guard, Handle object, int32_t list, int32_t count,
                        int32_t& taken) {
  namespace Node = layout::Node;
  Handle first = self.get(object, list);
  taken = 0;
  if (first == 0 || count <= 0) return 0;
  Handle last = self.get(first, Node::PREVIOUS);
  Handle rest = first;
  do {
    rest = self.get(rest, Node::NEXT);
    taken++;
  } while (rest != first && taken < count);
  if (rest == first) {
    guard.set(object, list, 0);
  } else {
    guard.set(object, list, rest);
    guard.set(last, Node::NEXT, rest);
    guard.set(rest, Node::PREVIOUS, last);
  }
  return first;
}

}  // namespace heddle

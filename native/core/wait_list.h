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

inline void push_back(const Self& self, const Guard&, Handle object, int32_t list, Handle node) {
  namespace Node = layout::Node;
  Handle first = self.get(object, list);
  self.set(node, Node::LIST, list);
  if (first == 0) {
    self.set(node, Node::NEXT, node);
    self.set(node, Node::PREVIOUS, node);
    self.set(object, list, node);
    return;
  }
  Handle last = self.get(first, Node::PREVIOUS);
  self.set(node, Node::NEXT, first);
  self.set(node, Node::PREVIOUS, last);
  self.set(last, Node::NEXT, node);
  self.set(first, Node::PREVIOUS, node);
}

inline void unlink(const Self& self, const Guard&, Handle object, Handle node) {
  namespace Node = layout::Node;
  int32_t list = self.get(node, Node::LIST);
  Handle next = self.get(node, Node::NEXT);
  Handle previous = self.get(node, Node::PREVIOUS);
  if (next == node) {
    self.set(object, list, 0);
  } else {
    self.set(previous, Node::NEXT, next);
    self.set(next, Node::PREVIOUS, previous);
    if (self.get(object, list) == node) self.set(object, list, next);
  }
  self.set(node, Node::NEXT, 0);
  self.set(node, Node::PREVIOUS, 0);
}

}  // namespace heddle

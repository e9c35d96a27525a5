// Waiting: begin → ticket → wait, cancel or drain.
//
//   waiter                                   granter
//   ──────                                   ───────
//   guard; link_waiter(); unguard            guard; finish(node, outcome); unguard
//   THREAD: settle/wait: spin, sleep    ◄──    state = outcome, wake the thread if it sleeps
//   LOOP:   returns the ticket;         ◄──    state = outcome, push on the slot's ready stack, ring
//           drain() delivers it
//   gives up: cancel(): guard; still linked → unlink, TIMED_OUT
//                              else → it has its outcome, which cancel() returns
//
// A grant is made wholly by the granter, at the end of its section and still under the guard: the permit,
// place or item belongs to the waiter from then on, whether it looks in time or not. So a timeout can never
// swallow one.
#pragma once

#include <cstddef>
#include <span>

#include "guard.h"
#include "self.h"
#include "wait_list.h"

namespace heddle {

// Threads to wake and loops to ring once the guard is released: declare it before the Guard.
class Wakes {
 public:
  // The loop of the caller itself is not rung: JavaScript looks after each call that may have granted
  // something to it. kOwnLoopToo is for a thread that waits and does not come back to JavaScript.
  enum Scope : uint8_t { kOthers, kOwnLoopToo };
  explicit Wakes(Self& self, Scope scope = kOthers) : self_(self), scope_(scope) {}
  ~Wakes() { flush(); }
  Wakes(const Wakes&) = delete;
  Wakes& operator=(const Wakes&) = delete;

  void thread(Handle node);
  // A loop that polls needs no ring.
  void loop(int32_t slot);
  // Whoever waits with it: the one who gave it its outcome may have died before he told.
  void anyway(Handle node);

 private:
  static constexpr int kMany = 32;
  void flush();

  Self& self_;
  Scope scope_;
  int threads_ = 0;
  int loops_ = 0;
  Handle nodes_[kMany];
  int32_t slots_[kMany];
};

// Links a new node at the back of a list of `object`. 0 when cells are exhausted. The node holds a
// reference to the object.
[[nodiscard]] Handle link_waiter(Self& self, const Guard& guard, Handle object, int32_t list, Mode mode);

// A node for what the caller is promised at once: as if it had waited in `list`, and been granted it. 0 when
// cells are exhausted.
[[nodiscard]] Handle promise_to_own(Self& self, const Guard& guard, Handle object, int32_t list);

// The caller's own node, which has just been unlinked, gives up its reference in the same section.
void leave(Self& self, const Guard& guard, Handle object, Handle node);

// Unlinks the node; it gets its outcome when the section stands, and is its owner's from then on.
void finish(Self& self, const Guard& guard, Wakes& wakes, Handle object, Handle node, OutcomeCode outcome);
// The same for the first `count` nodes of a list; how many there were.
int32_t finish_first(Self& self, const Guard& guard, Wakes& wakes, Handle object, int32_t list, int32_t count,
                     OutcomeCode outcome);
// The same for every node of a list.
void finish_all(Self& self, const Guard& guard, Wakes& wakes, Handle object, int32_t list,
                OutcomeCode outcome);
// Gives the nodes that a journal names their outcomes; part of the end of a section. `again`: somebody who
// died may have begun.
void deliver(const Arena& arena, const SlotJournal& journal, Wakes& wakes, bool again);

// For objects that leave it to those who run, rather than to the first in line, who comes first:
//
// Tells a waiter in mode THREAD that it may try again; once is enough.
void tell_to_retry(Self& self, Wakes& wakes, Handle node);
// When the time after which a node is overdue began: ns.
[[nodiscard]] inline auto since(const Self& self, Handle node) {
  return self.arena.long_word(node + layout::Node::SINCE);
}
void start_clock(const Self& self, Handle node);
// It is to start later.
void hold_clock(const Self& self, Handle node);
[[nodiscard]] bool is_clock_running(const Self& self, Handle node);
[[nodiscard]] bool is_overdue(const Self& self, Handle node, int64_t after_ns);
// Who is first in line now has its time start anew: one hand-over costs as much as thousands of uncontended
// turns.
void step_up(const Self& self, const Guard& guard, Handle object, int32_t list);

// The end of every begin: the ticket in mode LOOP; in mode THREAD what one slice of waiting came to,
// the ticket again if nothing. `spin`: whether to spin before sleeping.
[[nodiscard]] OutcomeOrTicket settle(Self& self, Handle node, Mode mode, Deadline deadline, bool spin);

[[nodiscard]] OutcomeCode wait(Self& self, Handle node, Deadline deadline, bool spin = true);
[[nodiscard]] OutcomeCode cancel(Self& self, Handle node);

// Takes loop tickets that are ready, oldest first, and frees their nodes; how many. There may be more
// when `ready` is full.
[[nodiscard]] size_t drain(Self& self, std::span<Ready> ready);

// Takes a node, of whichever slot, out of its wait and returns as cancel() does, but frees nothing.
[[nodiscard]] OutcomeCode withdraw(Self& self, Handle node);
// Its wait on an object is over.
void detach(Self& self, Handle node);
// The same for a node of whichever slot, whose journal takes the object when this was the last reference.
void forget_object(Self& self, int32_t slot, Handle node);
// Gives back a node and its reference to the object.
void free_node(Self& self, Handle node);

}  // namespace heddle

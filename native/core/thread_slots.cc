// See thread_slots.h.
#include "thread_slots.h"

#include "barrier.h"
#include "cells.h"
#include "condition.h"
#include "event.h"
#include "futex.h"
#include "guard.h"
#include "mutex.h"
#include "os_thread.h"
#include "payload_store.h"
#include "processes.h"
#include "queue.h"
#include "semaphore.h"
#include "waiting.h"

namespace heddle {

using namespace layout;

namespace {

bool is_node_of(const Arena& arena, Handle cell, int32_t slot) {
  // acquire: pairs with link_waiter(), so that the slot is read of a node and not of an object.
  return arena.word(cell + Cell::KIND).load(std::memory_order_acquire) == Kind::NODE &&
         arena.get(cell + Node::SLOT) == slot;
}

// Hands on what was granted to a waiter that will never know. A mutex is seen to with the others
// that the slot holds.
void give_back(Self& self, Handle object, Handle node, OutcomeCode outcome) {
  switch (self.get(object, Cell::KIND)) {
    case Kind::SEMAPHORE:
      if (outcome == Outcome::GRANTED) (void)semaphore_release(self, object, 1);
      break;
    case Kind::CONDITION:
      if (outcome == Outcome::GRANTED) condition_notify(self, object, 1);
      break;
    case Kind::QUEUE:
      if (outcome != Outcome::GRANTED) break;
      if (self.get(node, Node::LIST) == Queue::GETTERS) queue_unreserve_item(self, object);
      if (self.get(node, Node::LIST) == Queue::PUTTERS) queue_unreserve_place(self, object);
      break;
    default:
      break;
  }
}

void sweep_nodes(Self& self, int32_t slot) {
  int32_t top = self.arena.word(Header::CELLS_TOP).load(std::memory_order_acquire);
  for (int32_t index = 0; index < top; index++) {
    Handle node = CELLS_START + index * WORDS_PER_CELL;
    if (!is_node_of(self.arena, node, slot)) continue;
    Handle object = self.get(node, Node::CELL);
    if (object != 0) {
      OutcomeCode outcome = withdraw(self, node);
      if (outcome != Outcome::TIMED_OUT) give_back(self, object, node, outcome);
      release(self, object);
    }
    free_cell(self.arena, node);
  }
}

// The Thread that ran in a dead isolate has finished, unless it said so itself.
void finish_thread_of(Self& self, int32_t slot) {
  Handle thread = self.arena.word(slot_word(slot, Slot::THREAD)).exchange(0, std::memory_order_acq_rel);
  if (thread == 0) return;
  auto status = self.arena.word(thread + Thread::STATUS);
  if (status.exchange(ThreadStatus::FINISHED, std::memory_order_acq_rel) == ThreadStatus::FINISHED) return;
  self.set(thread, Thread::SLOT, 0);
  event_set(self, thread);
}

}  // namespace

int32_t attach_slot(Arena& arena) {
  // No slot of its own yet: an owner that cannot be.
  Guard guard(arena, MAX_SLOTS, Header::SLOTS_GUARD);
  for (int32_t slot = 0; slot < MAX_SLOTS; slot++) {
    auto state = arena.word(slot_word(slot, Slot::STATE));
    if (state.load(std::memory_order_relaxed) != SlotState::FREE) continue;
    int32_t generation = arena.get(slot_word(slot, Slot::GENERATION)) + 1;
    for (int32_t word = 0; word < WORDS_PER_SLOT; word++) arena.set(slot_word(slot, word), 0);
    arena.set(slot_word(slot, Slot::GENERATION), generation);
    arena.set(slot_word(slot, Slot::PID), process_id());
    arena.set(slot_word(slot, Slot::PROCESS), arena.own_process() + 1);
    arena.set(slot_word(slot, Slot::NATIVE_TID), native_thread_id());
    // release: who sees the slot live sees all above.
    state.store(SlotState::LIVE, std::memory_order_release);
    if (slot >= arena.get(Header::SLOTS_TOP)) arena.set(Header::SLOTS_TOP, slot + 1);
    arena.word(Header::SLOTS_LIVE).fetch_add(1, std::memory_order_relaxed);
    return slot;
  }
  return -1;
}

void sweep_slot(Self& self, int32_t slot, int32_t generation) {
  Arena& arena = self.arena;
  // One sweep at a time; nobody takes this guard while holding an object's.
  Guard guard(arena, self.slot, Header::SLOTS_GUARD);
  auto state = arena.word(slot_word(slot, Slot::STATE));
  if (state.load(std::memory_order_acquire) != SlotState::LIVE ||
      arena.get(slot_word(slot, Slot::GENERATION)) != generation) {
    return;
  }
  state.store(SlotState::SWEEPING, std::memory_order_release);
  queue_repair(self, slot);
  sweep_nodes(self, slot);
  // The references keep the objects while they are put in order.
  each_reference(arena, slot, [&](Handle object) {
    switch (self.get(object, Cell::KIND)) {
      case Kind::MUTEX:
        mutex_release_of_dead(self, object, slot);
        break;
      case Kind::BARRIER:
        barrier_holder_died(self, object, slot);
        break;
      default:
        break;
    }
  });
  // Who joins it finds its locks passed on.
  finish_thread_of(self, slot);
  each_reference(arena, slot, [&](Handle object) { disown(self, slot, object); });
  PayloadStore::retire_chunk(arena, slot);
  arena.set(slot_word(slot, Slot::REFS_TOP), 0);
  arena.set(slot_word(slot, Slot::READY), 0);
  arena.word(Header::SLOTS_LIVE).fetch_sub(1, std::memory_order_relaxed);
  state.store(SlotState::FREE, std::memory_order_release);
}

void begin_exit(Self& self) {
  const int32_t process = self.arena.own_process();
  // seq_cst: matches Blocked in waiting.cc.
  self.arena.word(process_word(process, Process::EXITING)).store(1, std::memory_order_seq_cst);
  int32_t top = self.arena.get(Header::SLOTS_TOP);
  for (int32_t slot = 0; slot < top; slot++) {
    if (self.arena.get(slot_word(slot, Slot::PROCESS)) != process + 1) continue;
    Handle node = self.arena.word(slot_word(slot, Slot::THREAD_NODE)).load(std::memory_order_seq_cst);
    if (node != 0) futex_wake_all(&self.arena.words()[node + Node::STATE]);
  }
}

}  // namespace heddle

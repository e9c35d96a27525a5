// See thread_slots.h.
#include "thread_slots.h"

#include <algorithm>
#include <vector>

#include "barrier.h"
#include "cells.h"
#include "condition.h"
#include "event.h"
#include "futex.h"
#include "guard.h"
#include "loop_state.h"
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

// Hands on what was granted to a waiter that will never know, once, whatever becomes of this sweep. A mutex
// is seen to with the others that the slot holds.
void give_back(Self& self, Handle object, Handle node) {
  const Receipt receipt{node + Node::STATE, Outcome::TIMED_OUT};
  switch (self.get(object, Cell::KIND)) {
    case Kind::SEMAPHORE:
      (void)semaphore_release(self, object, 1, receipt);
      break;
    case Kind::CONDITION:
      (void)condition_notify(self, object, 1, receipt);
      break;
    case Kind::QUEUE:
      if (self.get(node, Node::LIST) != Queue::JOINERS) {
        queue_unreserve(self, object, self.get(node, Node::LIST), node);
      }
      break;
    default:
      break;
  }
}

// Before a node that may lie on the slot's ready stack is used for something else.
void empty_ready(const Arena& arena, int32_t slot) {
  auto ready = arena.long_word(slot_word(slot, Slot::READY));
  uint64_t seen = ready.load(std::memory_order_acquire);
  while (static_cast<uint32_t>(seen) != 0 &&
         !ready.compare_exchange_weak(seen, ((seen >> 32) + 1) << 32, std::memory_order_acq_rel)) {
  }
}

void sweep_nodes(Self& self, int32_t slot) {
  int32_t top = self.arena.word(Header::CELLS_TOP).load(std::memory_order_acquire);
  for (int32_t index = 0; index < top; index++) {
    Handle node = CELLS_START + index * WORDS_PER_CELL;
    if (!is_node_of(self.arena, node, slot)) continue;
    if (Handle object = self.get(node, Node::CELL)) {
      if (withdraw(self, node) == Outcome::GRANTED) give_back(self, object, node);
      forget_object(self, slot, node);
    }
    empty_ready(self.arena, slot);
    free_cell(self, node);
  }
}

// The Thread that ran in a dead isolate has finished, unless it said so itself.
void finish_thread_of(Self& self, int32_t slot) {
  auto word = self.arena.word(slot_word(slot, Slot::THREAD));
  const Handle thread = word.load(std::memory_order_acquire);
  if (thread == 0) return;
  self.word(thread, Thread::STATUS).store(ThreadStatus::FINISHED, std::memory_order_release);
  self.set(thread, Thread::SLOT, 0);
  HEDDLE_STEP();
  event_set(self, thread);
  HEDDLE_STEP();
  word.store(0, std::memory_order_release);
}

int32_t state_of(const Arena& arena, int32_t slot) {
  return arena.word(slot_word(slot, Slot::STATE)).load(std::memory_order_acquire);
}

// Makes this isolate the one that sweeps a slot.
void claim(const Self& self, const InnerGuard& guard, int32_t slot) {
  guard.set(slot_word(slot, Slot::SWEEPER), self.slot + 1);
  guard.set(slot_word(slot, Slot::STATE), SlotState::SWEEPING);
}

// Whether a slot is to be swept and nobody who lives does so.
bool is_unswept(const Self& self, int32_t slot, int32_t generation) {
  const Arena& arena = self.arena;
  if (arena.get(slot_word(slot, Slot::GENERATION)) != generation) return false;
  const int32_t state = state_of(arena, slot);
  if (state != SlotState::SWEEPING) return state == SlotState::LIVE;
  const int32_t sweeper = arena.get(slot_word(slot, Slot::SWEEPER)) - 1;
  return sweeper >= 0 && sweeper != self.slot && is_gone(arena, sweeper);
}

bool claim_if_unswept(const Self& self, int32_t slot, int32_t generation) {
  const bool is_dead = slot != self.slot && is_unswept(self, slot, generation);
  // It may have died with this very guard.
  const InnerGuard guard(self.arena, self.slot, Header::SLOTS_GUARD, is_dead ? slot : -1);
  if (!is_unswept(self, slot, generation)) return false;
  claim(self, guard, slot);
  return true;
}

// Makes an object's state right after a section of the dead was undone or finished.
void settle_object(Self& self, const Guard& guard, Wakes& wakes, Handle object) {
  switch (self.get(object, Cell::KIND)) {
    case Kind::MUTEX:
      mutex_settle(self, guard, wakes, object);
      break;
    case Kind::SEMAPHORE:
      semaphore_settle(self, guard, object);
      break;
    case Kind::EVENT:
    case Kind::THREAD:
    case Kind::PROCESS:
      event_settle(self, guard, object);
      break;
    case Kind::QUEUE:
      queue_settle(self, guard, wakes, object);
      break;
    default:
      break;
  }
}

// Frees the guards that the isolate of a slot held, its sections undone or finished. Waits for no object's
// guard.
void repair(Self& self, int32_t slot) {
  if (slot == self.slot) return;
  InnerGuard::repair(self.arena, self.slot, slot);
  RecordsGuard::repair(self.arena, slot);
  if (!Guard::is_held_by_dead(self.arena, slot)) return;
  Wakes wakes(self, Wakes::kOwnLoopToo);
  const Guard guard(Guard::Inherit{}, self, wakes, slot);
  settle_object(self, guard, wakes, guard.object());
}

// PROCESS and SWEEPER of a slot.
std::atomic_ref<uint64_t> tenure_of(const Arena& arena, int32_t slot) {
  return arena.long_word(slot_word(slot, Slot::PROCESS));
}

// Sets a slot free that is in state FREE but not to be had yet: its isolate, of a process that has ended,
// died while it took it, or its sweeper right before the last step. Nothing happens while that one lives, who
// does it. PROCESS is never the same again for another life of the slot.
void reclaim(const Arena& arena, int32_t slot) {
  uint64_t tenure = tenure_of(arena, slot).load(std::memory_order_acquire);
  const int32_t sweeper = static_cast<int32_t>(tenure >> 32) - 1;
  // Somebody who lives may have taken it in the meantime.
  const bool is_left =
      sweeper >= 0 ? is_gone(arena, sweeper) : has_ended_as(arena, static_cast<int32_t>(tenure));
  if (is_left && state_of(arena, slot) == SlotState::FREE) {
    tenure_of(arena, slot).compare_exchange_strong(tenure, 0, std::memory_order_acq_rel);
  }
}

int32_t process_of(const Arena& arena, int32_t slot) {
  return arena.word(slot_word(slot, Slot::PROCESS)).load(std::memory_order_acquire);
}

// The slots that are to be swept with one that has been claimed: those of the same dead process, and those
// that were being swept by any of them. All are claimed and repaired: what follows may wait for any of their
// guards.
std::vector<int32_t> repair_family(Self& self, int32_t slot) {
  const Arena& arena = self.arena;
  std::vector<int32_t> family = {slot};
  for (size_t i = 0; i < family.size(); i++) {
    const int32_t member = family[i];
    repair(self, member);
    const int32_t process = process_of(arena, member);
    const bool process_died = is_gone(arena, member);
    const int32_t top = arena.get(Header::SLOTS_TOP);
    for (int32_t other = 0; other < top; other++) {
      if (other == self.slot || std::find(family.begin(), family.end(), other) != family.end()) continue;
      const bool is_sibling = process_died && process_of(arena, other) == process;
      const bool is_orphan = member != self.slot && arena.get(slot_word(other, Slot::SWEEPER)) == member + 1;
      if (!is_sibling && !is_orphan) continue;
      InnerGuard::repair(arena, self.slot, other);
      {
        const InnerGuard guard(arena, self.slot, Header::SLOTS_GUARD);
        const int32_t state = state_of(arena, other);
        const int32_t sweeper = arena.get(slot_word(other, Slot::SWEEPER)) - 1;
        const bool is_mine = state == SlotState::LIVE ? is_sibling && process_of(arena, other) == process
                                                      : sweeper == member || (is_sibling && sweeper == other);
        if (state != SlotState::FREE && is_mine) {
          claim(self, guard, other);
          family.push_back(other);
        }
      }
      reclaim(arena, other);
    }
  }
  return family;
}

// Takes all that a slot of this sweeper's has, and sets it free.
void empty(Self& self, int32_t slot) {
  Arena& arena = self.arena;
  queue_repair(self, slot);
  sweep_nodes(self, slot);
  destroy_doomed(self, slot);
  // The references keep the objects while they are put in order.
  each_reference(arena, slot, [&](Handle object) {
    switch (self.get(object, Cell::KIND)) {
      case Kind::MUTEX:
        mutex_release_of_dead(self, object, slot);
        break;
      case Kind::BARRIER:
        barrier_holder_died(self, object, slot);
        break;
      case Kind::QUEUE:
        // It may have been about to drop its items.
        if (slot != self.slot) queue_notice(self, object, Queue::GETTERS);
        break;
      default:
        break;
    }
  });
  // Who joins it finds its locks passed on.
  finish_thread_of(self, slot);
  each_reference(arena, slot, [&](Handle object) { disown(self, slot, object); });
  PayloadStore::retire_chunk(arena, slot);
  {
    const InnerGuard guard(arena, self.slot, Header::SLOTS_GUARD);
    guard.set(slot_word(slot, Slot::REFS_TOP), 0);
    guard.set(Header::SLOTS_LIVE, arena.get(Header::SLOTS_LIVE) - 1);
    guard.set(slot_word(slot, Slot::STATE), SlotState::FREE);
  }
  // Last of all, when nothing can be undone any more: from here on it may be taken.
  HEDDLE_STEP();
  tenure_of(arena, slot).store(0, std::memory_order_release);
}

// The dead may have granted something to somebody and not told him any more.
void wake_everybody(Self& self) {
  Arena& arena = self.arena;
  const int32_t top = arena.get(Header::SLOTS_TOP);
  for (int32_t slot = 0; slot < top; slot++) {
    const Handle node = arena.get(slot_word(slot, Slot::THREAD_NODE));
    if (node != 0) futex_wake_all(&arena.words()[node + Node::STATE]);
    if (Loop(arena, slot).awaits_ring()) ring_loop(arena, slot);
  }
  wake_ringers(arena);
}

}  // namespace

int32_t attach_slot(Arena& arena) {
  for (int32_t slot = 0; slot < MAX_SLOTS; slot++) {
    if (state_of(arena, slot) != SlotState::FREE) continue;
    int32_t nobody = 0;
    if (!arena.word(slot_word(slot, Slot::PROCESS))
             .compare_exchange_strong(nobody, tenant(arena, arena.own_process()),
                                      std::memory_order_acq_rel)) {
      continue;
    }
    for (int32_t word = 0; word < WORDS_PER_SLOT; word++) {
      if (word != Slot::STATE && word != Slot::PROCESS && word != Slot::GENERATION)
        arena.set(slot_word(slot, word), 0);
    }
    SlotJournal(arena, slot).clear();
    // Before it takes the first guard, which is to be told from those of who had the slot before.
    arena.set(slot_word(slot, Slot::GENERATION), arena.get(slot_word(slot, Slot::GENERATION)) + 1);
    arena.set(slot_word(slot, Slot::PID), process_id());
    arena.set(slot_word(slot, Slot::NATIVE_TID), native_thread_id());
    HEDDLE_STEP();
    const InnerGuard guard(arena, slot, Header::SLOTS_GUARD);
    if (slot >= arena.get(Header::SLOTS_TOP)) guard.set(Header::SLOTS_TOP, slot + 1);
    guard.set(Header::SLOTS_LIVE, arena.get(Header::SLOTS_LIVE) + 1);
    guard.publish(slot_word(slot, Slot::STATE), SlotState::LIVE);
    return slot;
  }
  return -1;
}

void sweep_slot(Self& self, int32_t slot, int32_t generation) {
  if (!claim_if_unswept(self, slot, generation)) return;
  for (const int32_t member : repair_family(self, slot)) empty(self, member);
  if (slot != self.slot) wake_everybody(self);
}

void sweep_slots_of(Self& self, int32_t record) {
  const Arena& arena = self.arena;
  for (int32_t slot = 0; slot < MAX_SLOTS; slot++) {
    while (record_of(arena, slot) == record) {
      // First of all, as it may have died in the middle of a change of its state.
      InnerGuard::repair(arena, self.slot, slot);
      if (state_of(arena, slot) != SlotState::FREE) {
        sweep_slot(self, slot, arena.get(slot_word(slot, Slot::GENERATION)));
      }
      const int32_t state = state_of(arena, slot);
      if (state == SlotState::FREE) reclaim(arena, slot);
      if (record_of(arena, slot) != record) break;
      // Who waited for one of its guards is sweeping it.
      futex_wait(&arena.words()[slot_word(slot, Slot::STATE)], state, Deadline::after_ms(1));
    }
  }
}

void begin_exit(Self& self) {
  const int32_t process = self.arena.own_process();
  // seq_cst: matches Blocked in waiting.cc.
  self.arena.word(process_word(process, Process::EXITING)).store(1, std::memory_order_seq_cst);
  int32_t top = self.arena.get(Header::SLOTS_TOP);
  for (int32_t slot = 0; slot < top; slot++) {
    if (record_of(self.arena, slot) != process) continue;
    Handle node = self.arena.word(slot_word(slot, Slot::THREAD_NODE)).load(std::memory_order_seq_cst);
    if (node != 0) futex_wake_all(&self.arena.words()[node + Node::STATE]);
  }
}

}  // namespace heddle

// See engine_core.h: binds one isolate's Self to the core's functions.
#include "engine_core.h"

#include "arena.h"
#include "barrier.h"
#include "cells.h"
#include "condition.h"
#include "event.h"
#include "loop_state.h"
#include "mutex.h"
#include "queue.h"
#include "self.h"
#include "semaphore.h"
#include "shared_array.h"
#include "thread_slots.h"
#include "waiting.h"

namespace heddle {

namespace {

Deadline after(double timeout_ms) {
  return Deadline::after_ms(timeout_ms);
}

Loop loop_of(const Self& self) {
  return {self.arena, self.slot};
}

// Before the last reference to the queue is dropped with the node.
void give_back_reservation(Self& self, Handle queue, int32_t list, Handle node) {
  queue_unreserve(self, queue, list, node);
  if (node != 0) free_node(self, node);
}

}  // namespace

std::unique_ptr<EngineCore> EngineCore::attach(const char** refusal) {
  Arena* arena = Arena::process(refusal);
  return arena == nullptr ? nullptr : attach(*arena, refusal);
}

std::unique_ptr<EngineCore> EngineCore::attach(Arena& arena, const char** refusal) {
  int32_t slot = attach_slot(arena);
  if (slot < 0) {
    if (refusal != nullptr) *refusal = "all slots of the arena are taken: 512 isolates are attached";
    return nullptr;
  }
  return std::unique_ptr<EngineCore>(new EngineCore(std::make_unique<Self>(arena, slot)));
}

EngineCore::EngineCore(std::unique_ptr<Self> self)
    : self_(std::move(self)),
      generation_(self_->arena.get(slot_word(self_->slot, layout::Slot::GENERATION))) {}

EngineCore::~EngineCore() {
  self_->arena.ringers().set(self_->slot, {});
  self_->reservations.give_back_all(
      [this](Handle queue, int32_t list, Handle node) { give_back_reservation(*self_, queue, list, node); });
  sweep_slot(*self_, self_->slot, generation_);
}

int32_t* EngineCore::words() const {
  return self_->arena.words();
}
int32_t EngineCore::self() const {
  return self_->slot;
}
int32_t* EngineCore::out() {
  return self_->out;
}

void EngineCore::set_ringer(Ringer ringer) {
  self_->arena.ringers().set(self_->slot, ringer);
}

void EngineCore::loop_attends() {
  loop_of(*self_).attend();
}
bool EngineCore::loop_falls_asleep() {
  return self_->backlog == 0 && loop_of(*self_).falls_asleep();
}
void EngineCore::loop_wakes() {
  loop_of(*self_).wakes();
}
bool EngineCore::loop_has_ready() const {
  return self_->backlog != 0 || loop_of(*self_).has_ready();
}

void EngineCore::sweep(int32_t slot, int32_t generation) {
  sweep_slot(*self_, slot, generation);
}
void EngineCore::bury(ProcessId process) {
  heddle::bury(*self_, process);
}
void EngineCore::begin_exit() {
  heddle::begin_exit(*self_);
}

int32_t EngineCore::own_process() const {
  return self_->arena.own_process();
}
void EngineCore::give_process_cell(Handle cell) {
  give_cell(*self_, cell);
}
Handle EngineCore::retain_process_handle(int32_t record, int32_t offset) {
  return retain_handle_of(*self_, record, offset);
}
int32_t EngineCore::reserve_process(const NewProcess& process) {
  return heddle::reserve_process(*self_, process);
}
void EngineCore::confirm_process(ProcessId process, int32_t pid) {
  heddle::confirm_process(*self_, process, pid);
}
void EngineCore::cancel_process(int32_t record) {
  heddle::cancel_process(*self_, record);
}
void EngineCore::settle_process(ProcessId process, int32_t exit_code) {
  settle_status(*self_, process, exit_code);
}

Handle EngineCore::create(int32_t kind) {
  return create_object(*self_, kind);
}
void EngineCore::retain(Handle handle) {
  heddle::retain(*self_, handle);
}
void EngineCore::release(Handle handle) {
  heddle::release(*self_, handle);
}
void EngineCore::adopt(Handle handle) {
  heddle::adopt(*self_, handle);
}
void EngineCore::disown(Handle handle) {
  // Without the reference the queue may go, and its cell be another object's.
  if (!self_->reservations.empty()) {
    self_->reservations.give_back_of(
        handle, [&](int32_t list, Handle node) { give_back_reservation(*self_, handle, list, node); });
  }
  heddle::disown(*self_, self_->slot, handle);
}

OutcomeOrTicket EngineCore::mutex_acquire(Handle handle, Mode mode, double timeout_ms) {
  return heddle::mutex_acquire(*self_, handle, mode, after(timeout_ms));
}
OutcomeCode EngineCore::mutex_release(Handle handle) {
  return heddle::mutex_release(*self_, handle);
}

OutcomeOrTicket EngineCore::semaphore_acquire(Handle handle, Mode mode, double timeout_ms) {
  return heddle::semaphore_acquire(*self_, handle, mode, after(timeout_ms));
}
OutcomeCode EngineCore::semaphore_release(Handle handle, int32_t count) {
  return heddle::semaphore_release(*self_, handle, count);
}

OutcomeOrTicket EngineCore::event_wait(Handle handle, Mode mode, double timeout_ms) {
  return heddle::event_wait(*self_, handle, mode, after(timeout_ms));
}
void EngineCore::event_set(Handle handle) {
  heddle::event_set(*self_, handle);
}

OutcomeOrTicket EngineCore::condition_enqueue(Handle handle, Mode mode) {
  return heddle::condition_enqueue(*self_, handle, mode);
}
int32_t EngineCore::condition_notify(Handle handle, int32_t count) {
  return heddle::condition_notify(*self_, handle, count);
}

OutcomeOrTicket EngineCore::barrier_arrive(Handle handle, Mode mode, double timeout_ms) {
  return heddle::barrier_arrive(*self_, handle, mode, after(timeout_ms));
}
void EngineCore::barrier_release(Handle handle) {
  heddle::barrier_release(*self_, handle);
}
void EngineCore::barrier_break(Handle handle) {
  heddle::barrier_break(*self_, handle);
}
void EngineCore::barrier_reset(Handle handle) {
  heddle::barrier_reset(*self_, handle);
}

OutcomeCode EngineCore::queue_init(Handle handle, int32_t discipline, int32_t max_size) {
  return heddle::queue_init(*self_, handle, discipline, max_size);
}
OutcomeCode EngineCore::queue_put(Handle handle, Turn turn, const PutItem& item) {
  return heddle::queue_put(*self_, handle, turn, item);
}
OutcomeCode EngineCore::queue_take(Handle handle, Turn turn, std::span<uint8_t> scratch, TakenItem& item) {
  return heddle::queue_take(*self_, handle, turn, scratch, item);
}

OutcomeCode EngineCore::queue_take_for(Handle handle, bool reserved, int32_t broker,
                                       std::span<uint8_t> scratch, TakenItem& item, Handle& obstacle) {
  return heddle::queue_take_for(*self_, handle, reserved, broker, scratch, item, obstacle);
}

OutcomeOrTicket EngineCore::queue_await_place(Handle handle, Mode mode, double timeout_ms) {
  return heddle::queue_await_place(*self_, handle, mode, after(timeout_ms));
}
OutcomeOrTicket EngineCore::queue_await_item(Handle handle, Mode mode, double timeout_ms) {
  return heddle::queue_await_item(*self_, handle, mode, after(timeout_ms));
}
void EngineCore::queue_notice(Handle handle, int32_t what) {
  heddle::queue_notice(*self_, handle, what == 0 ? layout::Queue::PUTTERS : layout::Queue::GETTERS);
}
void EngineCore::queue_unreserve(Handle handle, int32_t what) {
  const int32_t list = what == 0 ? layout::Queue::PUTTERS : layout::Queue::GETTERS;
  give_back_reservation(*self_, handle, list, self_->reservations.forget(handle, list));
}
OutcomeCode EngineCore::queue_task_done(Handle handle) {
  return heddle::queue_task_done(*self_, handle);
}
OutcomeOrTicket EngineCore::queue_join(Handle handle, Mode mode, double timeout_ms) {
  return heddle::queue_join(*self_, handle, mode, after(timeout_ms));
}
void EngineCore::queue_shutdown(Handle handle, bool immediate) {
  heddle::queue_shutdown(*self_, handle, immediate);
}
void EngineCore::queue_resize(Handle handle, int32_t max_size) {
  heddle::queue_resize(*self_, handle, max_size);
}

OutcomeCode EngineCore::array_allocate(Handle handle, uint64_t byte_length) {
  return heddle::array_allocate(*self_, handle, byte_length);
}
std::span<uint8_t> EngineCore::array_bytes(Handle handle) const {
  return heddle::array_bytes(*self_, handle);
}

OutcomeCode EngineCore::wait(int32_t ticket, double timeout_ms) {
  return heddle::wait(*self_, ticket, after(timeout_ms));
}
OutcomeCode EngineCore::cancel(int32_t ticket) {
  return heddle::cancel(*self_, ticket);
}
size_t EngineCore::drain(std::span<Ready> ready) {
  return heddle::drain(*self_, ready);
}

}  // namespace heddle

// The face of the core: one EngineCore per isolate, isomorphic to the Engine interface of
// lib/engine/engine.ts. Argument checks are the caller's; nothing here throws or knows of Node.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "item.h"
#include "layout.h"
#include "os_thread.h"
#include "processes.h"
#include "types.h"

namespace heddle {

class Arena;
struct Self;

class EngineCore {
 public:
  // Attaches the calling isolate to the process's arena. Null when no arena can be mapped or no
  // slot is free; `refusal`, if given, then says why.
  [[nodiscard]] static std::unique_ptr<EngineCore> attach(const char** refusal = nullptr);
  // The same in an arena of the caller's, which must outlive it.
  [[nodiscard]] static std::unique_ptr<EngineCore> attach(Arena& arena, const char** refusal = nullptr);
  // Detaches: clears the ringer and sweeps the own slot. Any thread may do it once the isolate runs
  // no more of its own calls.
  ~EngineCore();
  EngineCore(const EngineCore&) = delete;
  EngineCore& operator=(const EngineCore&) = delete;

  // The control segment: layout::CONTROL_WORDS words, mapped until the process ends.
  [[nodiscard]] int32_t* words() const;
  [[nodiscard]] int32_t self() const;
  // Results beside an Outcome: out[0] a value (barrier index).
  [[nodiscard]] int32_t* out();

  // Sets what rings this isolate's loop; an empty Ringer removes it, after which no call is under
  // way or will be made.
  void set_ringer(Ringer ringer);

  // Where the loop says when it sleeps, so that it is rung only then (see loop_state.h). It does from the
  // first of these calls on: loop_falls_asleep() before each poll, and if that returned true, loop_wakes()
  // after it.
  void loop_attends();
  // False when tickets are ready: then the loop must not block.
  [[nodiscard]] bool loop_falls_asleep();
  void loop_wakes();
  // Whether drain() would find something.
  [[nodiscard]] bool loop_has_ready() const;

  void sweep(int32_t slot, int32_t generation);
  void bury(ProcessId process);
  void begin_exit();

  // See processes.h.
  [[nodiscard]] int32_t own_process() const;
  void give_process_cell(Handle cell);
  [[nodiscard]] Handle retain_process_handle(int32_t record, int32_t offset);
  [[nodiscard]] int32_t reserve_process(const NewProcess& process);
  void confirm_process(ProcessId process, int32_t pid);
  void cancel_process(int32_t record);
  void settle_process(ProcessId process, int32_t exit_code);

  // A zeroed cell with one reference held by this isolate, or 0 when cells are exhausted.
  [[nodiscard]] Handle create(int32_t kind);
  void retain(Handle handle);
  void release(Handle handle);
  void adopt(Handle handle);
  void disown(Handle handle);

  // Timeouts are milliseconds; a negative one means for ever, 0 never links a waiter.
  [[nodiscard]] OutcomeOrTicket mutex_acquire(Handle handle, Mode mode, double timeout_ms);
  [[nodiscard]] OutcomeCode mutex_release(Handle handle);

  [[nodiscard]] OutcomeOrTicket semaphore_acquire(Handle handle, Mode mode, double timeout_ms);
  [[nodiscard]] OutcomeCode semaphore_release(Handle handle, int32_t count);

  [[nodiscard]] OutcomeOrTicket event_wait(Handle handle, Mode mode, double timeout_ms);
  void event_set(Handle handle);

  [[nodiscard]] OutcomeOrTicket condition_enqueue(Handle handle, Mode mode);
  int32_t condition_notify(Handle handle, int32_t count);

  [[nodiscard]] OutcomeOrTicket barrier_arrive(Handle handle, Mode mode, double timeout_ms);
  void barrier_release(Handle handle);
  void barrier_break(Handle handle);
  void barrier_reset(Handle handle);

  // OK, or NO_MEMORY.
  [[nodiscard]] OutcomeCode queue_init(Handle handle, int32_t discipline, int32_t max_size);
  [[nodiscard]] OutcomeCode queue_put(Handle handle, Turn turn, const PutItem& item);
  // OK, EMPTY or SHUT_DOWN. Payloads of at most kScratchBytes are copied to `scratch`, which must
  // have that size; larger ones stay in their block, owned by `item`, as do those of lanes BYTES and BUFFER.
  // The references that the item holds pass to the caller.
  [[nodiscard]] OutcomeCode queue_take(Handle handle, Turn turn, std::span<uint8_t> scratch, TakenItem& item);
  // See queue.h.
  [[nodiscard]] OutcomeCode queue_take_for(Handle handle, bool reserved, int32_t broker,
                                           std::span<uint8_t> scratch, TakenItem& item, Handle& obstacle);
  static constexpr size_t kScratchBytes = 16384;
  [[nodiscard]] OutcomeOrTicket queue_await_place(Handle handle, Mode mode, double timeout_ms);
  [[nodiscard]] OutcomeOrTicket queue_await_item(Handle handle, Mode mode, double timeout_ms);
  // Sees to who waits for a place (0) or an item (1) in the ring.
  void queue_notice(Handle handle, int32_t what);
  // Gives back a place (0) or an item (1).
  void queue_unreserve(Handle handle, int32_t what);
  [[nodiscard]] OutcomeCode queue_task_done(Handle handle);
  [[nodiscard]] OutcomeOrTicket queue_join(Handle handle, Mode mode, double timeout_ms);
  void queue_shutdown(Handle handle, bool immediate);
  void queue_resize(Handle handle, int32_t max_size);

  // OK, or NO_MEMORY. The bytes are zero and 64-byte aligned; the cell's destruction frees them.
  [[nodiscard]] OutcomeCode array_allocate(Handle handle, uint64_t byte_length);
  // The bytes of an ARRAY cell. They stay mapped until the process ends, but belong to the array
  // only while a reference to it is held.
  [[nodiscard]] std::span<uint8_t> array_bytes(Handle handle) const;

  // Blocks for a ticket of mode THREAD: its Outcome, TIMED_OUT (cancelled), or PENDING. out()[0] is
  // the value beside the Outcome.
  [[nodiscard]] OutcomeCode wait(int32_t ticket, double timeout_ms);
  // out()[0] is the value beside the Outcome.
  [[nodiscard]] OutcomeCode cancel(int32_t ticket);

  using Ready = heddle::Ready;
  // Takes loop tickets that are ready, oldest first, and frees their nodes; returns how many. When
  // it fills `ready` there may be more: call again.
  [[nodiscard]] size_t drain(std::span<Ready> ready);

 private:
  explicit EngineCore(std::unique_ptr<Self> self);
  std::unique_ptr<Self> self_;
  int32_t generation_;
};

}  // namespace heddle

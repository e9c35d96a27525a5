// The face of the core: one EngineCore per isolate, isomorphic to the Engine interface of
// lib/engine/engine.ts. Argument checks are the caller's; nothing here throws or knows of Node.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "layout.h"

namespace heddle {

class Arena;
struct Self;

// Word index of a cell in the control segment.
using Handle = int32_t;
// A value of layout::Outcome, or a ticket when at or above layout::FIRST_TICKET.
using OutcomeOrTicket = int32_t;
using Outcome = int32_t;
// A value of layout::WaiterMode.
using Mode = int32_t;

// Called, from any thread, when tickets of a slot's event loop become ready. Must neither block nor
// call back into the core.
struct Ringer {
  void (*ring)(void* context) = nullptr;
  void* context = nullptr;
};

// An item on its way into a queue.
struct PutItem {
  // Lane of lib/codec/lanes.ts, 0..255.
  int32_t lane = 0;
  // For the caller's own use, 0..255: comes back with the item (say, how a string is encoded).
  int32_t tag = 0;
  std::span<const uint8_t> bytes;
  // References that pass to the queue when the outcome is OK.
  std::span<const Handle> handles;
  // Order-preserving key of a priority queue; see priority_key.h.
  std::span<const uint8_t> key;
};

// An item taken from a queue. Its bytes lie in the caller's scratch memory or, when large, in a
// block of the heap that this object owns.
class TakenItem {
 public:
  TakenItem() = default;
  ~TakenItem();
  TakenItem(const TakenItem&) = delete;
  TakenItem& operator=(const TakenItem&) = delete;

  int32_t lane = 0;
  int32_t tag = 0;
  std::span<const uint8_t> bytes;

  // True when `bytes` is a heap block rather than scratch memory.
  [[nodiscard]] bool owns_block() const { return unit_ != 0; }
  // Frees the block early; `bytes` is then empty.
  void reset();

 private:
  friend class QueueBody;
  friend class EngineCore;
  Arena* arena_ = nullptr;
  uint32_t unit_ = 0;
  uint64_t block_bytes_ = 0;
};

class EngineCore {
 public:
  // Attaches the calling isolate to the process's arena. Null when no arena can be mapped or no
  // slot is free; `refusal`, if given, then says why.
  [[nodiscard]] static std::unique_ptr<EngineCore> attach(const char** refusal = nullptr);
  // The same in an arena of the caller's, which must outlive it.
  [[nodiscard]] static std::unique_ptr<EngineCore> attach(Arena& arena,
                                                          const char** refusal = nullptr);
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

  void sweep(int32_t slot, int32_t generation);
  void begin_exit();

  // A zeroed cell with one reference held by this isolate, or 0 when cells are exhausted.
  [[nodiscard]] Handle create(int32_t kind);
  void retain(Handle handle);
  void release(Handle handle);
  void adopt(Handle handle);
  void disown(Handle handle);

  // Timeouts are milliseconds; a negative one means for ever, 0 never links a waiter.
  [[nodiscard]] OutcomeOrTicket mutex_acquire(Handle handle, Mode mode, double timeout_ms);
  [[nodiscard]] Outcome mutex_release(Handle handle);

  [[nodiscard]] OutcomeOrTicket semaphore_acquire(Handle handle, Mode mode, double timeout_ms);
  [[nodiscard]] Outcome semaphore_release(Handle handle, int32_t count);

  [[nodiscard]] OutcomeOrTicket event_wait(Handle handle, Mode mode, double timeout_ms);
  void event_set(Handle handle);

  [[nodiscard]] OutcomeOrTicket condition_enqueue(Handle handle, Mode mode);
  int32_t condition_notify(Handle handle, int32_t count);

  [[nodiscard]] OutcomeOrTicket barrier_arrive(Handle handle, Mode mode, double timeout_ms);
  void barrier_release(Handle handle);
  void barrier_break(Handle handle);
  void barrier_reset(Handle handle);

  // OK, or NO_MEMORY.
  [[nodiscard]] Outcome queue_init(Handle handle, int32_t discipline, int32_t max_size);
  [[nodiscard]] Outcome queue_put(Handle handle, bool reserved, const PutItem& item);
  // OK, EMPTY or SHUT_DOWN. Payloads of at most kScratchBytes are copied to `scratch`, which must
  // have that size; larger ones stay in their block, owned by `item`. The references that the item
  // holds pass to the caller.
  [[nodiscard]] Outcome queue_take(Handle handle, bool reserved, std::span<uint8_t> scratch,
                                   TakenItem& item);
  static constexpr size_t kScratchBytes = 16384;
  [[nodiscard]] OutcomeOrTicket queue_await_place(Handle handle, Mode mode, double timeout_ms);
  [[nodiscard]] OutcomeOrTicket queue_await_item(Handle handle, Mode mode, double timeout_ms);
  // Gives back a place (0) or an item (1).
  void queue_unreserve(Handle handle, int32_t what);
  [[nodiscard]] Outcome queue_task_done(Handle handle);
  [[nodiscard]] OutcomeOrTicket queue_join(Handle handle, Mode mode, double timeout_ms);
  void queue_shutdown(Handle handle, bool immediate);
  void queue_resize(Handle handle, int32_t max_size);

  // OK, or NO_MEMORY. The bytes are zero and 64-byte aligned; the cell's destruction frees them.
  [[nodiscard]] Outcome array_allocate(Handle handle, uint64_t byte_length);
  // The bytes of an ARRAY cell. They stay mapped until the process ends, but belong to the array
  // only while a reference to it is held.
  [[nodiscard]] std::span<uint8_t> array_bytes(Handle handle) const;

  // Blocks for a ticket of mode THREAD: its Outcome, TIMED_OUT (cancelled), or PENDING. out()[0] is
  // the value beside the Outcome.
  [[nodiscard]] Outcome wait(int32_t ticket, double timeout_ms);
  // out()[0] is the value beside the Outcome.
  [[nodiscard]] Outcome cancel(int32_t ticket);

  struct Ready {
    int32_t ticket;
    Outcome outcome;
    int32_t value;
  };
  // Takes loop tickets that are ready, oldest first, and frees their nodes; returns how many. When
  // it fills `ready` there may be more: call again.
  [[nodiscard]] size_t drain(std::span<Ready> ready);

 private:
  explicit EngineCore(std::unique_ptr<Self> self);
  std::unique_ptr<Self> self_;
};

// The calling OS thread as the system knows it.
[[nodiscard]] int32_t native_thread_id();
// Names the calling OS thread; `name` is UTF-8 and is cut, between characters, to what the system
// allows.
void set_thread_name(const char* name);

}  // namespace heddle

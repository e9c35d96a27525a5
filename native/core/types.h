// The words of the core's vocabulary.
#pragma once

#include <cstdint>

namespace heddle {

// Word index of a cell in the control segment.
using Handle = int32_t;
// A value of layout::Outcome.
using OutcomeCode = int32_t;
// The same, or a ticket when at or above layout::FIRST_TICKET.
using OutcomeOrTicket = int32_t;
// A value of layout::WaiterMode.
using Mode = int32_t;

// How a put or a take comes to its place or item; numbers of lib/engine/native.ts.
enum class Turn : uint8_t {
  // If there is one now.
  kNow,
  // It was promised to the caller.
  kPromised,
  // As kNow, but the thread would wait: it spins for one for a moment.
  kSpin,
  // As kSpin, and there was none when it looked just now: it follows close behind those who bring them.
  kBehind,
};

// Called, from any thread, when tickets of a slot's event loop become ready. Must neither block nor
// call back into the core.
struct Ringer {
  void (*ring)(void* context) = nullptr;
  void* context = nullptr;
};

// A loop ticket whose wait is over.
struct Ready {
  int32_t ticket;
  OutcomeCode outcome;
  // Beside the outcome: a barrier's arrival index.
  int32_t value;
};

}  // namespace heddle

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

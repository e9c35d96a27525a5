// Sleeping on a 32-bit word and waking who sleeps on it; futex_{linux,darwin,windows,portable}.cc
// implement it. Define HEDDLE_FUTEX_PORTABLE to force the portable one.
//
// Linux's works between processes that map the same memory. Waking looks at the address only, so a
// word that was meanwhile given to another use does no harm: who sleeps on it looks again.
#pragma once

#include <cstdint>

#include "deadline.h"

namespace heddle {

// Sleeps until woken, unless *word is not `expected`, or until the deadline. May return early.
void futex_wait(int32_t* word, int32_t expected, Deadline deadline);

// Wakes one, or all, who sleep on the word. Never reads it.
void futex_wake_one(int32_t* word);
void futex_wake_all(int32_t* word);

}  // namespace heddle

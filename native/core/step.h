// Places at which a process may die. What must be in memory before something else stands before a
// HEDDLE_STEP(): a killed process has done all that comes before the instruction at which it was killed, and
// nothing that comes after, so that only the compiler has to be kept from changing the order.
//
// In a build with HEDDLE_FAULTS each of them, and each access to a shared word that is not a plain read, is
// numbered, and the process kills itself at the number that a test has chosen.
#pragma once

#include <atomic>
#include <cstdint>

#ifdef HEDDLE_FAULTS

namespace heddle {

// Dies at the n-th step from now; 0: never.
void die_at_step(int64_t n);
// Steps since then.
[[nodiscard]] int64_t steps_done();
void count_step();

}  // namespace heddle

#  define HEDDLE_STEP() ::heddle::count_step()
// The same, where the order needs no help.
#  define HEDDLE_ACCESS() ::heddle::count_step()

#else

#  define HEDDLE_STEP() std::atomic_signal_fence(std::memory_order_seq_cst)
#  define HEDDLE_ACCESS() static_cast<void>(0)

#endif

// See bell_ringer.h.
#include "bell_ringer.h"

#include "futex.h"
#include "loop_state.h"
#include "processes.h"
#include "undertaker.h"

namespace heddle {

using namespace layout;

bool BellRinger::start() {
  return thread_.start([](void* ringer) { static_cast<BellRinger*>(ringer)->run(); }, this);
}

void BellRinger::stop() {
  const int32_t index = process_word(arena_.own_process(), Process::DOORBELL);
  arena_.word(index).fetch_or(DoorbellBit::STOP, std::memory_order_seq_cst);
  futex_wake_all(&arena_.words()[index]);
  thread_.join();
}

void BellRinger::run() {
  set_thread_name("heddle-bell");
  const int32_t index = process_word(arena_.own_process(), Process::DOORBELL);
  for (;;) {
    // seq_cst: pairs with ring() in processes.cc.
    const int32_t bits = arena_.word(index).exchange(0, std::memory_order_seq_cst);
    if ((bits & DoorbellBit::LOOPS) != 0) ring_loops();
    if ((bits & DoorbellBit::PROCESSES) != 0) undertaker_.wake();
    if ((bits & DoorbellBit::STOP) != 0) return;
    if (bits == 0) futex_wait(&arena_.words()[index], 0, Deadline::never());
  }
}

void BellRinger::ring_loops() {
  const int32_t top = arena_.word(Header::SLOTS_TOP).load(std::memory_order_acquire);
  for (int32_t slot = 0; slot < top; slot++) {
    if (record_of(arena_, slot) != arena_.own_process()) continue;
    if (!Loop(arena_, slot).awaits_ring()) continue;
    arena_.ringers().ring(slot);
  }
}

}  // namespace heddle

// See processes.h.
#include "processes.h"

#include <cstring>
#include <utility>

#include "cells.h"
#include "event.h"
#include "futex.h"
#include "guard.h"
#include "os_process.h"
#include "os_thread.h"
#include "thread_slots.h"

#ifdef __linux__
#  include <sys/syscall.h>
#  include <unistd.h>
#endif

namespace heddle {

using namespace layout;

namespace {

std::atomic_ref<int32_t> state_of(const Arena& arena, int32_t record) {
  return arena.word(process_word(record, Process::STATE));
}

// seq_cst throughout: see conclude().
int32_t read_state(const Arena& arena, int32_t record) {
  return state_of(arena, record).load(std::memory_order_seq_cst);
}

constexpr int32_t kind_of(int32_t state) {
  return state & ((1 << PROCESS_STATE_OWNER) - 1);
}

// A state that this process works at.
int32_t own(const Arena& arena, int32_t kind) {
  return kind | (arena.own_process() + 1) << PROCESS_STATE_OWNER;
}

bool is_owned_by(int32_t state, int32_t record) {
  return state >> PROCESS_STATE_OWNER == record + 1;
}

bool change_state(const Arena& arena, int32_t record, int32_t from, int32_t to) {
  return state_of(arena, record).compare_exchange_strong(from, to, std::memory_order_seq_cst);
}

bool is_alive_in(int32_t state) {
  return kind_of(state) == ProcessState::STARTING || kind_of(state) == ProcessState::LIVE;
}

// Both the parent and the process itself say so, and say the same.
void identify(const Arena& arena, int32_t record, int32_t pid) {
  arena.long_word(process_word(record, Process::START_TIME))
      .store(process_start_time(pid), std::memory_order_relaxed);
  // release: who has the identifier has the time.
  arena.word(process_word(record, Process::PID)).store(pid, std::memory_order_release);
}

int32_t top(const Arena& arena) {
  return arena.word(Header::PROCESSES_TOP).load(std::memory_order_acquire);
}

void raise_top(const Arena& arena, int32_t record) {
  auto word = arena.word(Header::PROCESSES_TOP);
  int32_t seen = word.load(std::memory_order_relaxed);
  while (seen <= record && !word.compare_exchange_weak(seen, record + 1, std::memory_order_acq_rel)) {
  }
}

// Everything but state, generation and top.
void clear(const Arena& arena, int32_t record) {
  for (int32_t word = 0; word < WORDS_PER_PROCESS; word++) {
    if (word != Process::STATE && word != Process::GENERATION) arena.set(process_word(record, word), 0);
  }
}

void ring(const Arena& arena, int32_t record, int32_t bit) {
  const int32_t index = process_word(record, Process::DOORBELL);
  // seq_cst: what this is about was written before; the ringer takes the bits and then looks.
  if ((arena.word(index).fetch_or(bit, std::memory_order_seq_cst) & bit) == 0) {
    futex_wake_all(&arena.words()[index]);
  }
}

constexpr int32_t kHandles[] = {Process::CELL,        Process::COMMANDS,    Process::STARTED,
                                Process::PARENT_CELL, Process::MAIN_THREAD, Process::REGISTRY,
                                Process::EXCEPTHOOK};

// Who waits for the process, or for its start, need not wait on.
void tell_the_end(Self& self, int32_t record) {
  Arena& arena = self.arena;
  if (const Handle cell = arena.get(process_word(record, Process::CELL))) {
    self.set(cell, ProcessCell::RECORD, 0);
    self.word(cell, ProcessCell::STATUS).store(ProcessStatus::FINISHED, std::memory_order_release);
    event_set(self, cell);
  }
  if (const Handle started = arena.get(process_word(record, Process::STARTED))) event_set(self, started);
}

// The last step of a burial, begun with the change to LEAVING. All of it may be done twice.
void leave(Self& self, int32_t record) {
  Arena& arena = self.arena;
  tell_the_end(self, record);
  for (const int32_t offset : kHandles) {
    const RecordsGuard guard(self);
    const int32_t word = process_word(record, offset);
    if (const Handle handle = arena.get(word)) drop_reference(self, self.slot, handle, word);
  }
  destroy_doomed(self, self.slot);
  {
    // Nobody says any more whom it was for: see confirm_process().
    const RecordsGuard guard(self);
    // Who takes the record next is not taken for this one, which has ended, before he has cleared it.
    arena.set(process_word(record, Process::PID), 0);
    arena.word(process_word(record, Process::GENERATION)).fetch_add(1, std::memory_order_relaxed);
  }
  // release: who takes the record next finds it left.
  state_of(arena, record).store(ProcessState::FREE, std::memory_order_release);
}

// Frees the record of a process that is swept, if there is nothing left to learn about it.
void conclude(Self& self, int32_t record) {
  const Arena& arena = self.arena;
  if (read_state(arena, record) != ProcessState::SWEPT) return;
  // Who settles the status looks at the state afterwards, who sweeps looks at the status: one of the two
  // finds both done.
  const int32_t flags = arena.word(process_word(record, Process::FLAGS)).load(std::memory_order_seq_cst);
  const ProcessId parent = parent_of(arena, record);
  if ((flags & ProcessFlag::STATUS_KNOWN) == 0 && parent.record >= 0 && is_alive(arena, parent)) return;
  if (change_state(arena, record, ProcessState::SWEPT, own(arena, ProcessState::LEAVING)))
    leave(self, record);
}

void put_in_order(Self& self, int32_t record);

// Does what a process was doing to others when it ended.
void replace_at_work(Self& self, int32_t dead) {
  const Arena& arena = self.arena;
  for (int32_t record = 0; record < top(arena); record++) {
    const int32_t state = read_state(arena, record);
    const int32_t kind = kind_of(state);
    if (kind == ProcessState::SWEPT) {
      // It may have been the parent, who alone knew how that one ended.
      conclude(self, record);
    } else if (!is_owned_by(state, dead)) {
      continue;
    } else if (kind == ProcessState::DEAD) {
      if (change_state(arena, record, state, own(arena, kind))) put_in_order(self, record);
    } else if (kind == ProcessState::LEAVING) {
      if (change_state(arena, record, state, own(arena, kind))) leave(self, record);
    } else if (kind == ProcessState::STARTING && arena.get(process_word(record, Process::PID)) == 0) {
      // It never said whom it had started. If there is somebody, the claim fails now.
      bury(self, process_in(arena, record));
    }
  }
}

void put_in_order(Self& self, int32_t record) {
  sweep_slots_of(self, record);
  replace_at_work(self, record);
  HEDDLE_STEP();
  state_of(self.arena, record).store(ProcessState::SWEPT, std::memory_order_seq_cst);
  conclude(self, record);
}

// False when it is settled already. `seen`: `exit_code` is known and not what the child has said last.
bool settle(Self& self, ProcessId process, int32_t exit_code, bool seen) {
  const Arena& arena = self.arena;
  // The guard keeps the cell.
  const RecordsGuard guard(self);
  if (process_in(arena, process.record).generation != process.generation) return false;
  auto flags = arena.word(process_word(process.record, Process::FLAGS));
  if ((flags.load(std::memory_order_relaxed) & ProcessFlag::STATUS_KNOWN) != 0) return false;
  const Handle cell = arena.get(process_word(process.record, Process::CELL));
  if (cell == 0) return false;
  if (seen) self.set(cell, ProcessCell::EXIT_CODE, exit_code);
  HEDDLE_STEP();
  flags.fetch_or(ProcessFlag::STATUS_KNOWN, std::memory_order_seq_cst);
  return true;
}

}  // namespace

ProcessId process_in(const Arena& arena, int32_t record) {
  return {record, arena.word(process_word(record, Process::GENERATION)).load(std::memory_order_acquire)};
}

ProcessId parent_of(const Arena& arena, int32_t record) {
  return {arena.get(process_word(record, Process::PARENT)) - 1,
          arena.get(process_word(record, Process::PARENT_GENERATION))};
}

bool is_alive(const Arena& arena, ProcessId process) {
  return is_alive_in(read_state(arena, process.record)) &&
         process_in(arena, process.record).generation == process.generation;
}

bool wants_status(const Arena& arena, int32_t record) {
  const int32_t kind = kind_of(read_state(arena, record));
  return (kind == ProcessState::DEAD || kind == ProcessState::SWEPT) &&
         (arena.get(process_word(record, Process::FLAGS)) & ProcessFlag::STATUS_KNOWN) == 0 &&
         parent_of(arena, record) == process_in(arena, arena.own_process());
}

int32_t tenant(const Arena& arena, int32_t record) {
  const auto generation = static_cast<uint32_t>(process_in(arena, record).generation);
  return static_cast<int32_t>(generation * (SLOT_RECORD_MASK + 1) + static_cast<uint32_t>(record + 1));
}

int32_t record_of(const Arena& arena, int32_t slot) {
  return (arena.word(slot_word(slot, Slot::PROCESS)).load(std::memory_order_acquire) & SLOT_RECORD_MASK) - 1;
}

bool has_ended_as(const Arena& arena, int32_t tenant) {
  const int32_t record = (tenant & SLOT_RECORD_MASK) - 1;
  if (record < 0 || tenant == heddle::tenant(arena, arena.own_process())) return false;
  return heddle::tenant(arena, record) != tenant || has_ended(arena, record);
}

bool has_ended(const Arena& arena, int32_t record) {
  const ProcessId process = process_in(arena, record);
  if (!is_alive_in(read_state(arena, record))) return true;
  const int32_t pid = arena.word(process_word(record, Process::PID)).load(std::memory_order_acquire);
  return pid != 0 && process_has_ended(pid, start_time_of(arena, record)) &&
         // Else it was another process that the system was asked about.
         process_in(arena, record) == process;
}

uint64_t start_time_of(const Arena& arena, int32_t record) {
  return arena.long_word(process_word(record, Process::START_TIME)).load(std::memory_order_relaxed);
}

void found_family(Arena& arena) {
  uint64_t nonce = 0;
#ifdef __linux__
  (void)syscall(SYS_getrandom, &nonce, sizeof nonce, 0);
#endif
  arena.long_word(Header::NONCE).store(nonce, std::memory_order_relaxed);
  arena.set(Header::LAYOUT, static_cast<int32_t>(layout::HASH));
  identify(arena, 0, process_id());
  raise_top(arena, 0);
  state_of(arena, 0).store(ProcessState::LIVE, std::memory_order_release);
  arena.become_process(0);
}

bool claim_process(Arena& arena, ProcessId process) {
  if (process.record < 0 || process.record >= MAX_PROCESSES || !is_alive(arena, process)) return false;
  identify(arena, process.record, process_id());
  const int32_t state = read_state(arena, process.record);
  if (kind_of(state) == ProcessState::STARTING) {
    (void)change_state(arena, process.record, state, ProcessState::LIVE);
  }
  if (!is_alive(arena, process)) return false;
  arena.become_process(process.record);
  announce_change(arena);
  return true;
}

void give_cell(Self& self, Handle cell) {
  const Arena& arena = self.arena;
  const int32_t index = process_word(arena.own_process(), Process::CELL);
  const RecordsGuard guard(self);
  if (arena.get(index) != 0) return;
  self.set(cell, ProcessCell::RECORD, arena.own_process() + 1);
  self.set(cell, ProcessCell::PID, process_id());
  self.set(cell, ProcessCell::EXIT_CODE, UNKNOWN_EXIT_CODE);
  self.word(cell, ProcessCell::STATUS).store(ProcessStatus::STARTED, std::memory_order_release);
  // JavaScript looks without the guard.
  retain_for(self, cell, index);
}

int32_t reserve_process(Self& self, const NewProcess& process) {
  Arena& arena = self.arena;
  for (int32_t record = 0; record < MAX_PROCESSES; record++) {
    if (read_state(arena, record) != ProcessState::FREE) continue;
    // Before it is taken: a record beyond the top would be nobody's to free, if this process were killed
    // then.
    raise_top(arena, record);
    if (!change_state(arena, record, ProcessState::FREE, own(arena, ProcessState::STARTING))) continue;
    clear(arena, record);
    const ProcessId parent = process_in(arena, arena.own_process());
    arena.set(process_word(record, Process::PARENT_GENERATION), parent.generation);
    arena.set(process_word(record, Process::PARENT), parent.record + 1);
    arena.set(process_word(record, Process::FLAGS), process.flags);
    std::memcpy(&arena.words()[process_word(record, Process::NAME)], process.name.data(),
                process.name.size());
    arena.set(process_word(record, Process::NAME_LENGTH), static_cast<int32_t>(process.name.size()));
    self.set(process.cell, ProcessCell::EXIT_CODE, UNKNOWN_EXIT_CODE);
    const Handle parent_cell = arena.get(process_word(parent.record, Process::CELL));
    const std::pair<int32_t, Handle> handles[] = {{Process::CELL, process.cell},
                                                  {Process::COMMANDS, process.commands},
                                                  {Process::STARTED, process.started},
                                                  {Process::PARENT_CELL, parent_cell}};
    for (const auto& [offset, handle] : handles) {
      if (handle != 0) retain_for(self, handle, process_word(record, offset));
    }
    // Last: who buries the record finds the cell by it, and takes this back.
    self.set(process.cell, ProcessCell::RECORD, record + 1);
    return record;
  }
  return -1;
}

void confirm_process(Self& self, ProcessId process, int32_t pid) {
  const Arena& arena = self.arena;
  {
    // The guard keeps the record.
    const RecordsGuard guard(self);
    if (process_in(arena, process.record) != process) return;
    identify(arena, process.record, pid);
    (void)change_state(arena, process.record, own(arena, ProcessState::STARTING), ProcessState::LIVE);
  }
  announce_change(arena);
}

void cancel_process(Self& self, int32_t record) {
  settle_status(self, process_in(self.arena, record), UNKNOWN_EXIT_CODE);
  bury(self, process_in(self.arena, record));
}

void settle_status(Self& self, ProcessId process, int32_t exit_code) {
  if (settle(self, process, exit_code, true)) conclude(self, process.record);
}

void settle_status_unseen(Self& self, ProcessId process) {
  if (settle(self, process, 0, false)) conclude(self, process.record);
}

void bury(Self& self, ProcessId process) {
  const Arena& arena = self.arena;
  const int32_t state = read_state(arena, process.record);
  if (!is_alive_in(state) || process_in(arena, process.record).generation != process.generation) return;
  if (change_state(arena, process.record, state, own(arena, ProcessState::DEAD))) {
    put_in_order(self, process.record);
  } else {
    // STARTING has become LIVE, or somebody else buries it.
    bury(self, process);
  }
}

Handle retain_handle_of(Self& self, int32_t record, int32_t offset) {
  const RecordsGuard guard(self);
  const Handle handle = self.arena.get(process_word(record, offset));
  if (handle != 0) retain(self, handle);
  return handle;
}

void ring_loop(Arena& arena, int32_t slot) {
  const int32_t process = record_of(arena, slot);
  if (process == arena.own_process()) {
    arena.ringers().ring(slot);
  } else if (process >= 0) {
    ring(arena, process, DoorbellBit::LOOPS);
  }
}

void wake_ringers(const Arena& arena) {
  for (int32_t record = 0; record < top(arena); record++) {
    const int32_t index = process_word(record, Process::DOORBELL);
    if (arena.word(index).load(std::memory_order_seq_cst) != 0) futex_wake_all(&arena.words()[index]);
  }
}

void announce_change(const Arena& arena) {
  for (int32_t record = 0; record < top(arena); record++) {
    if (kind_of(read_state(arena, record)) == ProcessState::LIVE) {
      ring(arena, record, DoorbellBit::PROCESSES);
    }
  }
}

}  // namespace heddle

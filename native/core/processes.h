// The processes of a family: one record for each in the control segment, with what others must know
// about it, and what has to be put in order when it is gone. States and words at layout.ts, `Process`.
//
// A record's state changes by compare-and-swap alone, so no death can leave it locked. Whoever notices a
// death buries the process: any process may, several may try, one does, and if that one dies in the
// middle the next begins anew, for every step may be done twice.
#pragma once

#include <span>

#include "self.h"

namespace heddle {

// Index of a word of a process record.
// What Slot::PROCESS says of the isolates of the process that has a record.
[[nodiscard]] int32_t tenant(const Arena& arena, int32_t record);
// Whether that process, not 0, has ended.
[[nodiscard]] bool has_ended_as(const Arena& arena, int32_t tenant);
// The record of the process that a slot's isolate is, or was, of; -1 for none.
[[nodiscard]] int32_t record_of(const Arena& arena, int32_t slot);

[[nodiscard]] constexpr int32_t process_word(int32_t record, int32_t offset) {
  return layout::PROCESSES_START + record * layout::WORDS_PER_PROCESS + offset;
}

// A process for good: records are used again.
struct ProcessId {
  int32_t record;
  int32_t generation;
  bool operator==(const ProcessId&) const = default;
};
[[nodiscard]] ProcessId process_in(const Arena& arena, int32_t record);
// Its record is -1 where there is none: of the first of a family.
[[nodiscard]] ProcessId parent_of(const Arena& arena, int32_t record);
[[nodiscard]] bool is_alive(const Arena& arena, ProcessId process);
[[nodiscard]] uint64_t start_time_of(const Arena& arena, int32_t record);

// Whether a child of this process has been buried, by another perhaps, and nobody has said yet how it ended.
[[nodiscard]] bool wants_status(const Arena& arena, int32_t record);

// Whether the process of a record has ended, buried or not.
[[nodiscard]] bool has_ended(const Arena& arena, int32_t record);

// Makes the calling process the first of the family of a new arena.
void found_family(Arena& arena);
// Makes the calling process the one that its parent has reserved a record for. False when its parent
// has ended meanwhile, and nobody knows of it.
[[nodiscard]] bool claim_process(Arena& arena, ProcessId process);

// What a process that is about to be started will need. The record holds a reference to each.
struct NewProcess {
  Handle cell;
  Handle commands;
  Handle started;
  int32_t flags;
  std::span<const uint8_t> name;
};
// Names the cell of the calling process itself, where none was reserved for it: the first of a family.
// Nothing happens when it has one.
void give_cell(Self& self, Handle cell);
// A handle that a record holds, with a reference; 0 for none.
[[nodiscard]] Handle retain_handle_of(Self& self, int32_t record, int32_t offset);

// A record for a child of this process; -1 when all are taken.
[[nodiscard]] int32_t reserve_process(Self& self, const NewProcess& process);
// The child has been started. It may have ended since, and its record be another's.
void confirm_process(Self& self, ProcessId process, int32_t pid);
// It has not.
void cancel_process(Self& self, int32_t record);

// Settles how a child of this process has ended, unless that is settled.
void settle_status(Self& self, ProcessId process, int32_t exit_code);
// The same with what the child itself has said at last.
void settle_status_unseen(Self& self, ProcessId process);

// Puts in order what a process that has ended leaves behind, unless another process does; and goes on with
// what it was doing to others.
void bury(Self& self, ProcessId process);
// Rings the loop of a slot, through the doorbell of its process where that is another.
void ring_loop(Arena& arena, int32_t slot);
// Has the bell ringers of all processes look: who set a bit may have died before he woke them.
void wake_ringers(const Arena& arena);
// Tells all processes of the family that there is another to watch, or one less.
void announce_change(const Arena& arena);

}  // namespace heddle

// What the tests of queues have in common.
#pragma once

#include <span>

#include "core/guarded_queue.h"
#include "core_fixture.h"

namespace heddle::test {

namespace Queue = layout::Queue;
namespace Discipline = layout::Discipline;

class QueueTest : public CoreTest {
 protected:
  // Of body and rings.
  int32_t count(Handle queue) {
    const Self self(arena(), core().self());
    return QueueView(self, queue).size();
  }
  OutcomeCode put_bytes(Isolate& isolate, Handle queue, std::span<const uint8_t> bytes,
                        std::span<const Handle> handles = {}, std::span<const uint8_t> key = {}) {
    PutItem item;
    item.lane = 8;
    item.tag = 3;
    item.bytes = bytes;
    item.handles = handles;
    item.key = key;
    return isolate->queue_put(queue, Turn::kNow, item);
  }
  double take_now(Handle queue) {
    double number = -1;
    EXPECT_EQ(main().take_number(queue, number, 0), Outcome::OK);
    return number;
  }
};

}  // namespace heddle::test

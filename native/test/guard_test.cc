// The guard: one holder at a time, also when there are more threads than cores.
#include "core/guard.h"

#include "core_fixture.h"

namespace heddle::test {

namespace {

class GuardTest : public CoreTest {};

TEST_F(GuardTest, NamesItsHolder) {
  Handle event = create(Kind::EVENT);
  {
    Guard guard(arena(), 6, event + Cell::GUARD);
    EXPECT_EQ(word(event, Cell::GUARD), 7 << 1);
  }
  EXPECT_EQ(word(event, Cell::GUARD), 0);
}

TEST_F(GuardTest, ExcludesAndLosesNoSleeper) {
  const int rounds = 20'000 / kSanitizerSlowdown;
  Handle event = create(Kind::EVENT);
  int64_t counter = 0;
  std::vector<std::thread> threads;
  for (int slot = 0; slot < 8; slot++) {
    threads.emplace_back([&, slot] {
      for (int i = 0; i < rounds; i++) {
        Guard guard(arena(), slot, event + Cell::GUARD);
        counter++;
        // Now and then long enough that the others go to sleep.
        if (i % 1000 == 0) std::this_thread::sleep_for(std::chrono::microseconds(50));
      }
    });
  }
  join_all(threads);
  EXPECT_EQ(counter, 8 * rounds);
  EXPECT_EQ(word(event, Cell::GUARD), 0);
}

}  // namespace

}  // namespace heddle::test

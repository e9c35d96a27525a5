// Arrays and the arena that holds them.
#include "core/shared_array.h"

#include "core_fixture.h"

namespace heddle::test {

namespace {

class SharedArrayTest : public CoreTest {};

TEST_F(SharedArrayTest, IsZeroSharedAndFreedWithItsCell) {
  Isolate other(arena());
  for (size_t length : {0, 8, 5000, 10'000'000}) {
    Handle array = create(Kind::ARRAY);
    ASSERT_EQ(core().array_allocate(array, length), Outcome::OK);
    auto bytes = core().array_bytes(array);
    ASSERT_EQ(bytes.size(), length);
    for (uint8_t byte : bytes) ASSERT_EQ(byte, 0);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(bytes.data()) % 64, 0U);
    std::memset(bytes.data(), 1, bytes.size());
    EXPECT_EQ(other->array_bytes(array).data(), bytes.data());
    core().disown(array);
    EXPECT_EQ(arena().heap().live_bytes(), 0);
  }
}

TEST_F(SharedArrayTest, IsRefusedWhenTooLarge) {
  Handle array = create(Kind::ARRAY);
  EXPECT_EQ(core().array_allocate(array, kHeapBytes * 2), Outcome::NO_MEMORY);
  EXPECT_EQ(core().array_allocate(array, uint64_t{1} << 60), Outcome::NO_MEMORY);
  EXPECT_TRUE(core().array_bytes(array).empty());
}

TEST_F(SharedArrayTest, TheArenaSaysWhatItIs) {
  EXPECT_EQ(arena().get(layout::Header::MAGIC), layout::MAGIC);
  EXPECT_EQ(arena().get(layout::Header::VERSION), layout::LAYOUT_VERSION);
  EXPECT_GT(arena().get(layout::Header::NEXT_IDENT), 0);
}

TEST_F(SharedArrayTest, TheProcessHasOneArena) {
  Arena* process = Arena::process();
  ASSERT_NE(process, nullptr);
  EXPECT_EQ(Arena::process(), process);
  auto core = EngineCore::attach();
  ASSERT_NE(core, nullptr);
  EXPECT_EQ(core->words(), process->words());
}

}  // namespace

}  // namespace heddle::test

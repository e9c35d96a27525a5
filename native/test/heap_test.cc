// The heap: blocks do not overlap, memory comes back, and the system gets it back.
#include "core/heap.h"

#include <sys/mman.h>

#include "core_fixture.h"

namespace heddle::test {

namespace {

class HeapTest : public testing::Test {
 protected:
  static constexpr size_t kBytes = size_t{256} << 20;
  Mapping mapping_;
  Heap heap_;

  void SetUp() override {
    ASSERT_TRUE(map_sparse(kBytes, mapping_));
    ASSERT_TRUE(heap_.open(mapping_, 0, kBytes));
  }
  void TearDown() override { unmap(mapping_); }

  size_t resident_bytes() const {
    std::vector<unsigned char> pages(kBytes / kPageBytes);
    EXPECT_EQ(mincore(mapping_.base, kBytes, pages.data()), 0);
    size_t resident = 0;
    for (unsigned char page : pages) resident += page & 1;
    return resident * kPageBytes;
  }
};

TEST_F(HeapTest, BlocksAreAlignedAndLargeEnough) {
  for (uint64_t bytes : {0, 1, 64, 65, 1000, 2048, 2049, 4096, 5000, 65'536, 1'000'001}) {
    uint32_t unit = heap_.allocate(bytes);
    ASSERT_NE(unit, 0U);
    EXPECT_GE(Heap::capacity(bytes), bytes);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(heap_.at(unit)) % 64, 0U);
    std::memset(heap_.at(unit), 0xAB, Heap::capacity(bytes));
    heap_.free(unit, bytes);
  }
  EXPECT_EQ(heap_.live_bytes(), 0);
}

TEST_F(HeapTest, BlocksDoNotOverlap) {
  struct Block {
    uint32_t unit;
    uint64_t bytes;
    uint8_t fill;
  };
  std::vector<Block> blocks;
  std::mt19937 random(7);
  auto check = [&](const Block& block) {
    auto* at = reinterpret_cast<uint8_t*>(heap_.at(block.unit));
    for (uint64_t i = 0; i < block.bytes; i++) ASSERT_EQ(at[i], block.fill);
  };
  for (int i = 0; i < 3'000; i++) {
    if (random() % 3 != 0 || blocks.empty()) {
      uint64_t bytes = uint64_t{1} << (random() % 16);
      bytes += random() % bytes;
      Block block{heap_.allocate(bytes), bytes, static_cast<uint8_t>(random())};
      ASSERT_NE(block.unit, 0U);
      std::memset(heap_.at(block.unit), block.fill, block.bytes);
      blocks.push_back(block);
    } else {
      size_t which = random() % blocks.size();
      check(blocks[which]);
      heap_.free(blocks[which].unit, blocks[which].bytes);
      blocks[which] = blocks.back();
      blocks.pop_back();
    }
  }
  for (const Block& block : blocks) check(block);
}

TEST_F(HeapTest, ZeroedBlocksAreZero) {
  for (uint64_t bytes : {100, 5000, 500'000, 20'000'000}) {
    uint32_t unit = heap_.allocate(bytes);
    std::memset(heap_.at(unit), 0xFF, bytes);
    heap_.free(unit, bytes);
    unit = heap_.allocate(bytes, true);
    const auto* at = reinterpret_cast<const uint8_t*>(heap_.at(unit));
    for (uint64_t i = 0; i < bytes; i++) ASSERT_EQ(at[i], 0) << bytes;
    heap_.free(unit, bytes);
  }
}

TEST_F(HeapTest, IsUsedAgainRatherThanGrown) {
  uint64_t top = 0;
  for (int round = 0; round < 1000; round++) {
    std::vector<uint32_t> units;
    for (uint64_t bytes = 64; bytes <= 1 << 20; bytes *= 2) units.push_back(heap_.allocate(bytes));
    uint64_t bytes = 64;
    for (uint32_t unit : units) {
      heap_.free(unit, bytes);
      bytes *= 2;
    }
    if (round == 0) top = heap_.top_bytes();
  }
  EXPECT_EQ(heap_.top_bytes(), top);
}

TEST_F(HeapTest, FreedPagesGoBackToTheSystem) {
  constexpr uint64_t kBlock = 1 << 20;
  std::vector<uint32_t> units;
  size_t before = resident_bytes();
  for (int i = 0; i < 100; i++) {
    units.push_back(heap_.allocate(kBlock));
    std::memset(heap_.at(units.back()), 1, kBlock);
  }
  EXPECT_GE(resident_bytes(), before + 100 * kBlock);
  for (uint32_t unit : units) heap_.free(unit, kBlock);
  EXPECT_LE(resident_bytes(), before + Heap::kResidentFreePages * kPageBytes + (1 << 20));
}

TEST_F(HeapTest, RefusesWhatItCannotHoldAndGoesOn) {
  EXPECT_EQ(heap_.allocate(kBytes * 2), 0U);
  std::vector<uint32_t> units;
  constexpr uint64_t kBlock = 8 << 20;
  while (uint32_t unit = heap_.allocate(kBlock)) units.push_back(unit);
  EXPECT_GE(units.size(), 25U);
  EXPECT_EQ(heap_.allocate(kBlock), 0U);
  heap_.free(units.back(), kBlock);
  units.pop_back();
  // A smaller block is cut from the larger one that came back.
  uint32_t small = heap_.allocate(1 << 20);
  EXPECT_NE(small, 0U);
  heap_.free(small, 1 << 20);
  for (uint32_t unit : units) heap_.free(unit, kBlock);
  EXPECT_EQ(heap_.live_bytes(), 0);
}

TEST_F(HeapTest, ServesManyThreads) {
  std::vector<std::thread> threads;
  for (unsigned seed = 0; seed < 4; seed++) {
    threads.emplace_back([&, seed] {
      std::mt19937 random(seed);
      std::vector<std::pair<uint32_t, uint64_t>> mine;
      for (int i = 0; i < 20'000 / kSanitizerSlowdown; i++) {
        if (random() % 2 == 0 || mine.empty()) {
          uint64_t bytes = 8 + random() % (random() % 16 == 0 ? 100'000 : 1500);
          uint32_t unit = heap_.allocate(bytes);
          if (unit == 0) continue;
          std::memset(heap_.at(unit), static_cast<int>(seed), 8);
          mine.emplace_back(unit, bytes);
        } else {
          auto [unit, bytes] = mine.back();
          ASSERT_EQ(static_cast<unsigned>(*heap_.at(unit)), seed);
          heap_.free(unit, bytes);
          mine.pop_back();
        }
      }
      for (auto [unit, bytes] : mine) heap_.free(unit, bytes);
    });
  }
  join_all(threads);
  EXPECT_EQ(heap_.live_bytes(), 0);
}

}  // namespace

}  // namespace heddle::test

// Kernels by one thread and by several: against the standard library, against each other, cancelled,
// with operands that do not fit, and with memory that changes under them. That they agree with the
// fallback is tested from JavaScript.
// Requests name what they set; the rest has its defaults.
#if defined(__GNUC__)
#  pragma GCC diagnostic ignored "-Wmissing-field-initializers"
#endif

#include "core/kernels/kernels.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>
#include <random>
#include <thread>
#include <vector>

#include "core/layout.h"
#include "core/thread_pool.h"

namespace heddle {
namespace {

namespace Kernel = layout::Kernel;
namespace Control = layout::KernelControl;
namespace KernelOutcome = layout::KernelOutcome;

class KernelsTest : public testing::TestWithParam<unsigned> {
 protected:
  struct Job : ThreadPool::Task {
    KernelRequest request;
    std::atomic<bool> done{false};
  };

  // Parameter 0 of the suite: threads; 0 is the caller alone.
  int32_t compute(KernelRequest request, std::initializer_list<double> parameters = {}) {
    std::memset(control_ + Control::DONE, 0, sizeof control_ - Control::DONE * sizeof *control_);
    int32_t index = Control::PARAMETERS;
    for (const double parameter : parameters)
      std::memcpy(control_ + 2 * index++, &parameter, sizeof parameter);
    request.control = control_;
    if (GetParam() == 0) return run_kernel(request, nullptr);
    Job job;
    job.request = request;
    job.run = [](ThreadPool::Task& task, ThreadPool& pool) {
      auto& self = static_cast<Job&>(task);
      run_kernel(self.request, &pool);
      self.done.store(true, std::memory_order_release);
    };
    EXPECT_TRUE(pool_.post(job));
    EXPECT_TRUE(pool_.help(job.done, Deadline::never()));
    return control_[Control::OUTCOME];
  }

  double result(int32_t index = 0) const {
    double value = 0;
    std::memcpy(&value, control_ + 2 * (Control::RESULTS + index), sizeof value);
    return value;
  }

  static Operand of(std::vector<double>& v) { return {ElementType::F64, v.data(), v.size()}; }
  static Operand of(std::vector<uint32_t>& v) { return {ElementType::U32, v.data(), v.size()}; }
  static Operand of(std::vector<int16_t>& v) { return {ElementType::I16, v.data(), v.size()}; }

  std::vector<double> doubles(size_t length) {
    std::vector<double> values(length);
    std::uniform_real_distribution<double> any(-1e6, 1e6);
    for (double& value : values) value = any(random_);
    return values;
  }

  alignas(8) int32_t control_[Control::WORDS] = {};
  ThreadPool pool_{GetParam() == 0 ? 1 : GetParam()};
  std::mt19937_64 random_{42};
};
INSTANTIATE_TEST_SUITE_P(ByThreads, KernelsTest, testing::Values(0U, 1U, 3U));

TEST_P(KernelsTest, SortsAsTheStandardLibrary) {
  for (const size_t length : {0, 1, 39, 5000, 65'536, 300'000}) {
    std::vector<double> values = doubles(length);
    std::vector<double> expected = values;
    std::sort(expected.begin(), expected.end());
    EXPECT_EQ(compute({.kernel = Kernel::SORT, .a = of(values)}), KernelOutcome::DONE);
    EXPECT_EQ(values, expected);
  }
}

TEST_P(KernelsTest, SortsWhatNearlyAllLiesInOneBucket) {
  std::vector<double> values = doubles(2'000'000);
  for (double& value : values) value = 1 + value * 1e-9;
  values[1'000'000] = -1e300;
  values[5] = 1e300;
  std::vector<double> expected = values;
  std::sort(expected.begin(), expected.end());
  EXPECT_EQ(compute({.kernel = Kernel::SORT, .a = of(values)}), KernelOutcome::DONE);
  EXPECT_EQ(values, expected);
}

TEST_P(KernelsTest, PutsMinusZeroBeforeZeroAndNanLast) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  std::vector<double> values = {nan, 0, 1, -nan, -0.0, -1, 0, -0.0};
  EXPECT_EQ(compute({.kernel = Kernel::SORT, .a = of(values)}), KernelOutcome::DONE);
  EXPECT_EQ(values[0], -1);
  for (const size_t i : {1, 2}) EXPECT_TRUE(values[i] == 0 && std::signbit(values[i]));
  for (const size_t i : {3, 4}) EXPECT_TRUE(values[i] == 0 && !std::signbit(values[i]));
  EXPECT_EQ(values[5], 1);
  for (const size_t i : {6, 7}) EXPECT_TRUE(std::isnan(values[i]));
}

TEST_P(KernelsTest, ArgsortIsStable) {
  for (const bool descending : {false, true}) {
    std::vector<int16_t> values(200'000);
    for (int16_t& value : values) value = static_cast<int16_t>(random_() % 100);
    std::vector<uint32_t> indices(values.size());
    EXPECT_EQ(
        compute({.kernel = Kernel::ARGSORT, .a = of(values), .out = of(indices)}, {descending ? 1.0 : 0.0}),
        KernelOutcome::DONE);
    std::vector<uint32_t> expected(values.size());
    std::iota(expected.begin(), expected.end(), 0);
    std::stable_sort(expected.begin(), expected.end(), [&](uint32_t a, uint32_t b) {
      return descending ? values[a] > values[b] : values[a] < values[b];
    });
    EXPECT_EQ(indices, expected);
  }
}

TEST_P(KernelsTest, SumsAlikeForAnyNumberOfThreads) {
  std::vector<double> values = doubles(1'000'003);
  EXPECT_EQ(compute({.kernel = Kernel::SUM, .a = of(values)}), KernelOutcome::DONE);
  alignas(8) int32_t control[Control::WORDS] = {};
  run_kernel({.kernel = Kernel::SUM, .a = of(values), .control = control}, nullptr);
  double alone = 0;
  std::memcpy(&alone, control + 2 * Control::RESULTS, sizeof alone);
  EXPECT_EQ(result(), alone);
}

TEST_P(KernelsTest, TopKIsTheBeginningOfASort) {
  for (const size_t k : {1, 10, 5000, 200'000}) {
    std::vector<double> values = doubles(700'000);
    std::vector<double> best(k);
    std::vector<uint32_t> indices(k);
    EXPECT_EQ(compute({.kernel = Kernel::TOP_K, .a = of(values), .out = of(best), .out2 = of(indices)}, {1}),
              KernelOutcome::DONE);
    for (size_t i = 0; i < k; i++) EXPECT_EQ(values[indices[i]], best[i]);
    std::sort(values.begin(), values.end(), std::greater<>());
    EXPECT_TRUE(std::equal(best.begin(), best.end(), values.begin()));
  }
}

TEST_P(KernelsTest, StopsWhenItIsCancelled) {
  std::vector<double> values = doubles(1'000'000);
  control_[Control::CANCEL] = 1;
  for (const int32_t kernel : {Kernel::SORT, Kernel::SUM, Kernel::MIN}) {
    EXPECT_EQ(compute({.kernel = kernel, .a = of(values)}), KernelOutcome::CANCELLED);
  }
}

TEST_P(KernelsTest, SaysHowFarItIs) {
  std::vector<double> values = doubles(1'000'000);
  for (const int32_t kernel : {Kernel::SORT, Kernel::SUM, Kernel::MAX}) {
    EXPECT_EQ(compute({.kernel = kernel, .a = of(values)}), KernelOutcome::DONE);
    EXPECT_GT(control_[Control::TOTAL], 1);
    EXPECT_EQ(control_[Control::DONE], control_[Control::TOTAL]);
  }
}

TEST_P(KernelsTest, RefusesOperandsThatDoNotFit) {
  std::vector<double> values(10);
  std::vector<double> fewer(9);
  std::vector<uint32_t> indices(9);
  const auto refused = [&](KernelRequest request, std::initializer_list<double> parameters = {}) {
    EXPECT_EQ(compute(request, parameters), KernelOutcome::MISUSE) << request.kernel;
  };
  refused({.kernel = 99, .a = of(values)});
  refused({.kernel = Kernel::SORT});
  refused({.kernel = Kernel::ARGSORT, .a = of(values), .out = of(indices)});
  refused({.kernel = Kernel::DOT, .a = of(values), .b = of(fewer)});
  refused({.kernel = Kernel::CUMSUM, .a = of(values), .out = of(fewer)});
  refused({.kernel = Kernel::CUMSUM, .a = of(values), .out = of(indices)});
  refused({.kernel = Kernel::MAP, .a = of(values), .out = of(fewer)}, {0});
  refused({.kernel = Kernel::MAP, .a = of(values), .out = of(values)}, {99});
  refused({.kernel = Kernel::COMBINE, .a = of(values), .b = of(fewer), .out = of(values)}, {0, 0});
  refused({.kernel = Kernel::MATMUL, .a = of(values), .b = of(values), .out = of(values)}, {3, 3, 3});
  refused({.kernel = Kernel::HISTOGRAM, .a = of(values), .b = of(values), .out = of(values)});
  refused({.kernel = Kernel::UNIQUE, .a = of(values), .out = of(values), .out2 = of(indices)});
  refused({.kernel = Kernel::TOP_K, .a = of(indices), .out = of(indices), .out2 = of(fewer)});
  values.clear();
  refused({.kernel = Kernel::MIN, .a = of(values)});
}

// Against the rules, but it must not reach beyond the arrays: the address sanitizer looks on. The thread
// sanitizer would, rightly, complain.
#if !defined(__SANITIZE_THREAD__)
TEST_P(KernelsTest, KeepsWithinItsArraysWhenTheyChangeMeanwhile) {
  std::vector<double> values = doubles(400'000);
  std::vector<uint32_t> indices(values.size());
  std::vector<uint32_t> counts(values.size());
  std::vector<double> distinct(values.size());
  std::atomic<bool> stop{false};
  std::thread vandal([&] {
    std::mt19937_64 random(7);
    auto* bits = reinterpret_cast<volatile uint64_t*>(values.data());
    while (!stop.load(std::memory_order_relaxed)) {
      for (int i = 0; i < 1000; i++) bits[random() % values.size()] = random();
    }
  });
  for (int round = 0; round < 10; round++) {
    EXPECT_EQ(compute({.kernel = Kernel::SORT, .a = of(values)}), KernelOutcome::DONE);
    EXPECT_EQ(compute({.kernel = Kernel::ARGSORT, .a = of(values), .out = of(indices)}), KernelOutcome::DONE);
    EXPECT_EQ(compute({.kernel = Kernel::UNIQUE, .a = of(values), .out = of(distinct), .out2 = of(counts)}),
              KernelOutcome::DONE);
    for (const uint32_t index : indices) ASSERT_LT(index, values.size());
  }
  stop = true;
  vandal.join();
}
#endif

}  // namespace
}  // namespace heddle

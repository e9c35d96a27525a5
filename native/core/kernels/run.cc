// Chooses the kernel; see kernels.h.
#include "run.h"

#include "convert.h"

#ifdef __linux__
#  include <sys/mman.h>
#endif

namespace heddle {

namespace {

using namespace kernels;
namespace Kernel = layout::Kernel;

int32_t compute(Run& run, int32_t kernel) {
  switch (kernel) {
    case Kernel::SORT:
      return sort(run);
    case Kernel::ARGSORT:
      return argsort(run);
    case Kernel::SUM:
      return sum(run);
    case Kernel::MIN:
      return min_or_max(run, false);
    case Kernel::MAX:
      return min_or_max(run, true);
    case Kernel::DOT:
      return dot(run);
    case Kernel::CUMSUM:
      return cumsum(run);
    case Kernel::HISTOGRAM:
      return histogram(run);
    case Kernel::MAP:
      return map(run);
    case Kernel::COMBINE:
      return combine(run);
    case Kernel::MATMUL:
      return matmul(run);
    case Kernel::TOP_K:
      return top_k(run);
    case Kernel::UNIQUE:
      return unique(run);
    default:
      return layout::KernelOutcome::MISUSE;
  }
}

}  // namespace

bool kernels::Run::call_each(size_t count, void (*body)(void* context, size_t block), void* context) {
  auto step = [&](size_t block) {
    if (cancelled()) return;
    body(context, block);
    word(Control::DONE).fetch_add(1, std::memory_order_relaxed);
  };
  if (pool_ == nullptr || count == 1) {
    for (size_t block = 0; block < count && !cancelled(); block++) step(block);
  } else {
    pool_->for_each(
        count, [](void* self, size_t block) { (*static_cast<decltype(step)*>(self))(block); }, &step);
  }
  return !cancelled();
}

bool kernels::Run::call_each_range(size_t length, size_t block_length,
                                   void (*body)(void* context, size_t first, size_t end, size_t block),
                                   void* context) {
  return each_block(blocks_of(length, block_length), [&](size_t block) {
    const size_t first = block * block_length;
    body(context, first, first + block_length < length ? first + block_length : length, block);
  });
}

void* kernels::scratch_memory(size_t bytes) {
#ifdef __linux__
  // Large pages: scattered writes would else miss the address cache at every step.
  constexpr size_t kHugePage = size_t{2} << 20;
  if (bytes >= 4 * kHugePage) {
    void* const memory = std::aligned_alloc(kHugePage, (bytes + kHugePage - 1) & ~(kHugePage - 1));
    if (memory != nullptr) madvise(memory, bytes, MADV_HUGEPAGE);
    return memory;
  }
#endif
  return std::malloc(bytes == 0 ? 1 : bytes);
}

kernels::ToDoubles kernels::to_doubles(ElementType type) {
  ToDoubles convert = nullptr;
  const int32_t outcome = with_type(type, [&](auto zero) -> int32_t {
    convert = convert_to_doubles<decltype(zero)>;
    return layout::KernelOutcome::DONE;
  });
  return outcome == layout::KernelOutcome::DONE ? convert : nullptr;
}

int32_t run_kernel(const KernelRequest& request, ThreadPool* pool) {
  Run run(request, pool);
  const int32_t outcome = compute(run, request.kernel);
  std::atomic_ref<int32_t>(request.control[Control::OUTCOME]).store(outcome, std::memory_order_release);
  return outcome;
}

}  // namespace heddle

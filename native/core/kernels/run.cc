// Chooses the kernel; see kernels.h.
#include "run.h"

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

int32_t run_kernel(const KernelRequest& request, ThreadPool* pool) {
  Run run(request, pool);
  const int32_t outcome = compute(run, request.kernel);
  std::atomic_ref<int32_t>(request.control[Control::OUTCOME]).store(outcome, std::memory_order_release);
  return outcome;
}

}  // namespace heddle

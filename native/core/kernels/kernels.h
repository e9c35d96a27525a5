// The kernels of heddle/parallel: named computations on arrays of numbers, run by the threads of a
// pool or by the caller alone, with the same results, bit for bit, however many threads take part.
//
// The arrays are memory of JavaScript. Other threads may write to it meanwhile, against the rules; a
// kernel then computes anything, but it touches no memory except its operands and its own.
#pragma once

#include <cstddef>
#include <cstdint>

namespace heddle {

class ThreadPool;

enum class ElementType : int32_t { NONE, I8, U8, I16, U16, I32, U32, I64, U64, F32, F64 };

struct Operand {
  ElementType type = ElementType::NONE;
  void* data = nullptr;
  size_t length = 0;
};

// What each operand and parameter stands for is said at the kernels.
struct KernelRequest {
  // Of layout::Kernel.
  int32_t kernel = 0;
  Operand a;
  Operand b;
  Operand out;
  Operand out2;
  // layout::KernelControl::WORDS words, aligned to 8 bytes: parameters come and results go there.
  int32_t* control = nullptr;
};

// Computes; with the threads of `pool`, which must be that of the running task, unless it is null.
// Leaves a layout::KernelOutcome in the control block and returns it.
int32_t run_kernel(const KernelRequest& request, ThreadPool* pool);

}  // namespace heddle

// What a kernel has while it runs: its operands, its control block, threads for its loops, memory.
#pragma once

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <type_traits>

#include "../layout.h"
#include "../thread_pool.h"
#include "kernels.h"

// The iterations of the loop that follows do not depend on each other, even when it works in place.
#if defined(__clang__)
#  define HEDDLE_INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")
// Some of the loops call functions that have no vector form, of which clang would warn for each type.
#  pragma clang diagnostic ignored "-Wpass-failed"
#elif defined(__GNUC__)
#  define HEDDLE_INDEPENDENT _Pragma("GCC ivdep")
#else
#  define HEDDLE_INDEPENDENT
#endif

// Loops that must be unrolled, in builds that unroll no others so as to be small: those over lanes, which are
// to be in registers, and some that are run for each element of a large array.
#ifdef __clang__
#  define HEDDLE_LANES _Pragma("clang loop unroll(full)")
#  define HEDDLE_UNROLLED _Pragma("clang loop unroll_count(4)")
#  define HEDDLE_INTERLEAVED _Pragma("clang loop vectorize(enable) interleave_count(4)")
#else
#  define HEDDLE_LANES
#  define HEDDLE_UNROLLED
#  define HEDDLE_INTERLEAVED
#endif

namespace heddle::kernels {

namespace Control = layout::KernelControl;

// Elements of a block of simple loops: tens of microseconds of work.
inline constexpr size_t kBlock = size_t{1} << 16;

[[nodiscard]] constexpr size_t blocks_of(size_t length, size_t block) {
  return (length + block - 1) / block;
}

// To be freed; null when there is none to be had.
[[nodiscard]] void* scratch_memory(size_t bytes);

// Uninitialised memory of a kernel; null when there is none to be had.
template <class T>
class Scratch {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  explicit Scratch(size_t length) : memory_(static_cast<T*>(scratch_memory(length * sizeof(T)))) {}
  [[nodiscard]] explicit operator bool() const { return memory_ != nullptr; }
  [[nodiscard]] T* get() const { return memory_.get(); }
  [[nodiscard]] T& operator[](size_t index) const { return memory_.get()[index]; }

 private:
  struct Free {
    void operator()(T* memory) const { std::free(memory); }
  };
  std::unique_ptr<T, Free> memory_;
};

class Run {
 public:
  Run(const KernelRequest& request, ThreadPool* pool) : request_(request), pool_(pool) {}

  [[nodiscard]] const Operand& a() const { return request_.a; }
  [[nodiscard]] const Operand& b() const { return request_.b; }
  [[nodiscard]] const Operand& out() const { return request_.out; }
  [[nodiscard]] const Operand& out2() const { return request_.out2; }

  // Threads that may take part.
  [[nodiscard]] size_t width() const { return pool_ == nullptr ? 1 : pool_->threads(); }

  template <class T>
  [[nodiscard]] T parameter(int32_t index) const {
    return read<T>(Control::PARAMETERS + index);
  }
  template <class T>
  void result(int32_t index, T value) {
    static_assert(sizeof(T) == 8);
    std::memcpy(request_.control + 2 * (Control::RESULTS + index), &value, sizeof value);
  }

  [[nodiscard]] bool cancelled() const { return word(Control::CANCEL).load(std::memory_order_relaxed) != 0; }

  // Announces blocks of loops to come, so that the caller can say how far the kernel is.
  void expect(size_t blocks) {
    word(Control::TOTAL).fetch_add(static_cast<int32_t>(blocks), std::memory_order_relaxed);
  }

  // body(block) for each block of [0, count), by several threads. False when the caller has cancelled:
  // then some may not have been called.
  template <class Body>
  [[nodiscard]] bool each_block(size_t count, Body&& body) {
    using Function = std::remove_reference_t<Body>;
    return call_each(
        count, [](void* context, size_t block) { (*static_cast<Function*>(context))(block); },
        const_cast<void*>(static_cast<const void*>(&body)));
  }

  // The same over the elements [0, length): body(first, end, block).
  template <class Body>
  [[nodiscard]] bool each_range(size_t length, size_t block_length, Body&& body) {
    using Function = std::remove_reference_t<Body>;
    return call_each_range(
        length, block_length,
        [](void* context, size_t first, size_t end, size_t block) {
          (*static_cast<Function*>(context))(first, end, block);
        },
        const_cast<void*>(static_cast<const void*>(&body)));
  }

 private:
  // Not templates: the loops of the kernels are compiled once, whether one thread runs them or several.
  [[nodiscard]] bool call_each(size_t count, void (*body)(void* context, size_t block), void* context);
  [[nodiscard]] bool call_each_range(size_t length, size_t block_length,
                                     void (*body)(void* context, size_t first, size_t end, size_t block),
                                     void* context);

  template <class T>
  [[nodiscard]] T read(int32_t index) const {
    static_assert(sizeof(T) == 8);
    T value;
    std::memcpy(&value, request_.control + 2 * index, sizeof value);
    return value;
  }
  [[nodiscard]] std::atomic_ref<int32_t> word(int32_t index) const {
    return std::atomic_ref<int32_t>(request_.control[index]);
  }

  const KernelRequest& request_;
  ThreadPool* pool_;
};

// Each returns a layout::KernelOutcome.
[[nodiscard]] int32_t sort(Run& run);
// What SORT does, with another array than a.
[[nodiscard]] int32_t sort_operand(Run& run, const Operand& operand, bool descending);
[[nodiscard]] int32_t argsort(Run& run);
// What ARGSORT does, with other arrays than a and out.
[[nodiscard]] int32_t argsort_operand(Run& run, const Operand& operand, bool descending, uint32_t* indices);
[[nodiscard]] int32_t sum(Run& run);
[[nodiscard]] int32_t min_or_max(Run& run, bool max);
[[nodiscard]] int32_t dot(Run& run);
[[nodiscard]] int32_t cumsum(Run& run);
[[nodiscard]] int32_t histogram(Run& run);
[[nodiscard]] int32_t map(Run& run);
[[nodiscard]] int32_t combine(Run& run);
[[nodiscard]] int32_t matmul(Run& run);
[[nodiscard]] int32_t top_k(Run& run);
[[nodiscard]] int32_t unique(Run& run);

// Calls body with a value of the C++ type of the elements; MISUSE when there is none.
template <class Body>
[[nodiscard]] int32_t with_type(ElementType type, Body&& body) {
  switch (type) {
    case ElementType::I32:
      return body(int32_t{});
    case ElementType::I64:
      return body(int64_t{});
    case ElementType::F64:
      return body(double{});
#ifndef __clang_analyzer__
    // clang-tidy takes its time for each type, and finds the same in all that are alike.
    case ElementType::I8:
      return body(int8_t{});
    case ElementType::U8:
      return body(uint8_t{});
    case ElementType::I16:
      return body(int16_t{});
    case ElementType::U16:
      return body(uint16_t{});
    case ElementType::U32:
      return body(uint32_t{});
    case ElementType::U64:
      return body(uint64_t{});
    case ElementType::F32:
      return body(float{});
#endif
    default:
      break;
  }
  return layout::KernelOutcome::MISUSE;
}

template <class T>
inline constexpr bool is_wide_integer = std::is_integral_v<T> && sizeof(T) == 8;

// The type that results have which are computed in doubles: Float64Array but for Float32Array.
template <class T>
using Floating = std::conditional_t<std::is_same_v<T, float>, float, double>;

template <class T>
inline constexpr ElementType kTypeOf = ElementType::NONE;
template <>
inline constexpr ElementType kTypeOf<int64_t> = ElementType::I64;
template <>
inline constexpr ElementType kTypeOf<uint64_t> = ElementType::U64;
template <>
inline constexpr ElementType kTypeOf<uint32_t> = ElementType::U32;
template <>
inline constexpr ElementType kTypeOf<float> = ElementType::F32;
template <>
inline constexpr ElementType kTypeOf<double> = ElementType::F64;

}  // namespace heddle::kernels

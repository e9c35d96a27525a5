// Kernels on typed arrays: reads the operands, and runs the kernel here or in the pool.
#include <algorithm>

#include "arguments.h"
#include "functions.h"
#include "kernel_jobs.h"

namespace heddle::addon {

namespace {

ElementType element_type(napi_typedarray_type type) {
  switch (type) {
    case napi_int8_array:
      return ElementType::I8;
    case napi_uint8_array:
    case napi_uint8_clamped_array:
      return ElementType::U8;
    case napi_int16_array:
      return ElementType::I16;
    case napi_uint16_array:
      return ElementType::U16;
    case napi_int32_array:
      return ElementType::I32;
    case napi_uint32_array:
      return ElementType::U32;
    case napi_float32_array:
      return ElementType::F32;
    case napi_float64_array:
      return ElementType::F64;
    case napi_bigint64_array:
      return ElementType::I64;
    case napi_biguint64_array:
      return ElementType::U64;
    default:
      return ElementType::NONE;
  }
}

// A typed array, or nothing for undefined. False: something else.
bool read_operand(napi_env env, napi_value value, Operand& operand) {
  napi_valuetype kind = napi_undefined;
  napi_typeof(env, value, &kind);
  if (kind == napi_undefined) return true;
  bool is_array = false;
  napi_is_typedarray(env, value, &is_array);
  if (!is_array) return false;
  napi_typedarray_type type = napi_int8_array;
  if (napi_get_typedarray_info(env, value, &type, &operand.length, &operand.data, nullptr, nullptr) !=
      napi_ok) {
    return false;
  }
  operand.type = element_type(type);
  return operand.type != ElementType::NONE;
}

// The arguments (kernel, control, a, b, out, out2).
bool read_request(napi_env env, Arguments<8>& arguments, KernelRequest& request) {
  request.kernel = arguments.integer(0);
  if (!arguments.valid() || !arguments.attached()) return false;
  Operand control;
  const bool read = read_operand(env, arguments[1], control) && read_operand(env, arguments[2], request.a) &&
                    read_operand(env, arguments[3], request.b) &&
                    read_operand(env, arguments[4], request.out) &&
                    read_operand(env, arguments[5], request.out2);
  const bool controlled = control.type == ElementType::I32 &&
                          control.length == size_t{layout::KernelControl::WORDS} &&
                          reinterpret_cast<uintptr_t>(control.data) % sizeof(int64_t) == 0;
  if (!read || !controlled) {
    throw_type_error(env, "not the operands of a kernel");
    return false;
  }
  request.control = static_cast<int32_t*>(control.data);
  return true;
}

KernelJobs* jobs_of(napi_env env, Environment& environment) {
  if (environment.kernels != nullptr) return environment.kernels;
  return KernelJobs::open(env, &environment.kernels);
}

// (kernel, control, a, b, out, out2) -> outcome; on this thread alone
napi_value run(napi_env env, napi_callback_info info) {
  Arguments<8> arguments(env, info);
  KernelRequest request;
  if (!read_request(env, arguments, request)) return nullptr;
  return to_integer(env, run_kernel(request, nullptr));
}

// (kernel, control, a, b, out, out2, number, rings)
napi_value start(napi_env env, napi_callback_info info) {
  Arguments<8> arguments(env, info);
  KernelRequest request;
  if (!read_request(env, arguments, request)) return nullptr;
  const int32_t number = arguments.integer(6);
  const bool rings = arguments.boolean(7);
  if (!arguments.valid()) return nullptr;
  KernelJobs* const jobs = jobs_of(env, arguments.environment());
  if (jobs != nullptr) jobs->start(number, request, rings);
  return nullptr;
}

// (number, timeout) -> whether it has finished
napi_value wait(napi_env env, napi_callback_info info) {
  Arguments<2> arguments(env, info);
  const int32_t number = arguments.integer(0);
  const double timeout = arguments.number(1);
  if (!arguments.valid() || !arguments.attached()) return nullptr;
  KernelJobs* const jobs = arguments.environment().kernels;
  napi_value result = nullptr;
  napi_get_boolean(env, jobs == nullptr || jobs->wait(number, timeout), &result);
  return result;
}

// (Int32Array) -> how many numbers of finished kernels are in it
napi_value take_finished(napi_env env, napi_callback_info info) {
  Arguments<1> arguments(env, info);
  Operand numbers;
  if (!arguments.attached()) return nullptr;
  if (!read_operand(env, arguments[0], numbers) || numbers.type != ElementType::I32) {
    return throw_type_error(env, "an Int32Array was expected");
  }
  KernelJobs* const jobs = arguments.environment().kernels;
  if (jobs == nullptr) return to_integer(env, 0);
  const size_t count = jobs->take_finished({static_cast<int32_t*>(numbers.data), numbers.length});
  return to_integer(env, static_cast<int32_t>(count));
}

// (function)
napi_value on_finished(napi_env env, napi_callback_info info) {
  Arguments<1> arguments(env, info);
  if (!arguments.attached()) return nullptr;
  KernelJobs* const jobs = jobs_of(env, arguments.environment());
  if (jobs == nullptr) return nullptr;
  if (jobs->answer_with(env, arguments[0]) != napi_ok)
    return throw_type_error(env, "a function was expected");
  return nullptr;
}

constexpr Function kFunctions[] = {
    {"kernelRun", run},
    {"kernelStart", start},
    {"kernelWait", wait},
    {"kernelsTakeFinished", take_finished},
    {"kernelsOnFinished", on_finished},
};

}  // namespace

std::span<const Function> kernel_functions() {
  return kFunctions;
}

}  // namespace heddle::addon

// The groups of functions that make up an attached isolate's binding.
#pragma once

#include <node_api.h>

#include <span>

namespace heddle::addon {

class Environment;

struct Function {
  const char* name;
  napi_callback callback;
};

[[nodiscard]] std::span<const Function> cell_functions();
[[nodiscard]] std::span<const Function> primitive_functions();
[[nodiscard]] std::span<const Function> queue_functions();
[[nodiscard]] std::span<const Function> thread_functions();
[[nodiscard]] std::span<const Function> kernel_functions();
[[nodiscard]] std::span<const Function> segment_functions();
[[nodiscard]] std::span<const Function> process_functions();

}  // namespace heddle::addon

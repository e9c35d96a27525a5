// Cells and references to them, and the bytes of arrays as JavaScript sees them.
#include <memory>

#include "arguments.h"
#include "functions.h"

namespace heddle::addon {

namespace {

using layout::Kind::ARRAY;

// (kind) -> handle, 0 when there is no room
napi_value create(napi_env env, napi_callback_info info) {
  Arguments<1> arguments(env, info);
  const int32_t kind = arguments.integer(0);
  if (!arguments.valid() || !arguments.attached()) return nullptr;
  return to_integer(env, arguments.core().create(kind));
}

// (handle)
template <auto COMMAND>
napi_value refer(napi_env env, napi_callback_info info) {
  Arguments<1> arguments(env, info);
  const Handle handle = arguments.handle(0);
  if (arguments.valid()) (arguments.core().*COMMAND)(handle);
  return nullptr;
}

// (handle, byte length) -> outcome
napi_value array_allocate(napi_env env, napi_callback_info info) {
  Arguments<2> arguments(env, info);
  const Handle handle = arguments.handle<ARRAY>(0);
  const double bytes = arguments.number(1);
  if (!arguments.valid()) return nullptr;
  return to_integer(env, arguments.core().array_allocate(handle, static_cast<uint64_t>(bytes)));
}

// () -> ArrayBuffer over the control segment
napi_value whole_control(napi_env env, napi_callback_info info) {
  const Arguments<0> arguments(env, info);
  return arguments.environment().whole_control(env);
}

struct ShownArray {
  std::shared_ptr<Environment> environment;
  Handle handle;
};

void forget_array(napi_env, void*, void* hint) {
  const std::unique_ptr<ShownArray> shown(static_cast<ShownArray*>(hint));
  shown->environment->drop_array(shown->handle);
}

// (handle) -> ArrayBuffer over the array's own bytes, which keeps the array alive
napi_value array_buffer(napi_env env, napi_callback_info info) {
  Arguments<1> arguments(env, info);
  const Handle handle = arguments.handle<ARRAY>(0);
  if (!arguments.valid()) return nullptr;
  const std::span<uint8_t> bytes = arguments.core().array_bytes(handle);
  napi_value buffer = nullptr;
  if (bytes.empty()) {
    void* data = nullptr;
    napi_create_arraybuffer(env, 0, &data, &buffer);
    return buffer;
  }
  Environment& environment = arguments.environment();
  environment.hold_array(handle);
  auto* shown = new ShownArray{environment.shared_from_this(), handle};
  const napi_status status =
      napi_create_external_arraybuffer(env, bytes.data(), bytes.size(), forget_array, shown, &buffer);
  if (status == napi_ok) return buffer;
  forget_array(env, nullptr, shown);
  napi_throw_error(env, nullptr, kNoExternalBuffers);
  return nullptr;
}

constexpr Function kFunctions[] = {
    {"create", create},
    {"retain", refer<&EngineCore::retain>},
    {"release", refer<&EngineCore::release>},
    {"adopt", refer<&EngineCore::adopt>},
    {"disown", refer<&EngineCore::disown>},
    {"arrayAllocate", array_allocate},
    {"arrayBuffer", array_buffer},
    {"wholeControl", whole_control},
};

}  // namespace

std::span<const Function> cell_functions() {
  return kFunctions;
}

}  // namespace heddle::addon

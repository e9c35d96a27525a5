// See uv_functions.h.
#include "uv_functions.h"

#include <memory>

#ifdef _WIN32
#  include <windows.h>
#else
#  include <dlfcn.h>
#endif

namespace heddle::addon {

namespace {

void* symbol(const char* name) {
#ifdef _WIN32
  return reinterpret_cast<void*>(GetProcAddress(GetModuleHandleW(nullptr), name));
#else
  return dlsym(RTLD_DEFAULT, name);
#endif
}

template <class Function>
bool look_up(Function& function, const char* name) {
  function = reinterpret_cast<Function>(symbol(name));
  return function != nullptr;
}

std::unique_ptr<const UvFunctions> look_up_all() {
  auto uv = std::make_unique<UvFunctions>();
  const bool complete =
      look_up(uv->default_loop, "uv_default_loop") && look_up(uv->backend_timeout, "uv_backend_timeout") &&
      look_up(uv->handle_size, "uv_handle_size") && look_up(uv->handle_get_data, "uv_handle_get_data") &&
      look_up(uv->handle_set_data, "uv_handle_set_data") && look_up(uv->unref, "uv_unref") &&
      look_up(uv->close, "uv_close") && look_up(uv->async_init, "uv_async_init") &&
      look_up(uv->async_send, "uv_async_send") && look_up(uv->prepare_init, "uv_prepare_init") &&
      look_up(uv->prepare_start, "uv_prepare_start") && look_up(uv->check_init, "uv_check_init") &&
      look_up(uv->check_start, "uv_check_start") && look_up(uv->idle_init, "uv_idle_init") &&
      look_up(uv->idle_start, "uv_idle_start") && look_up(uv->idle_stop, "uv_idle_stop");
  return complete ? std::move(uv) : nullptr;
}

}  // namespace

const UvFunctions* UvFunctions::find() {
  static const std::unique_ptr<const UvFunctions> uv = look_up_all();
  return uv.get();
}

bool UvFunctions::is_first_loop(napi_env env) {
  const UvFunctions* uv = find();
  uv_loop_s* loop = nullptr;
  return uv != nullptr && napi_get_uv_event_loop(env, &loop) == napi_ok && loop == uv->default_loop();
}

}  // namespace heddle::addon

// What the addon exports: the hash of its layout, and attach(), which gives an isolate its binding.
#include <napi.h>

#include <memory>
#include <vector>

#include "arguments.h"
#include "environment.h"
#include "functions.h"

namespace heddle::addon {

napi_value throw_type_error(napi_env env, const char* message) {
  napi_throw_type_error(env, "ERR_INVALID_ARG_TYPE", message);
  return nullptr;
}

namespace {

// Owned by Node's environment: keeps what the functions point at until no function is left.
struct Attachments {
  std::vector<std::shared_ptr<Environment>> environments;
};

Napi::Object supports(Napi::Env env) {
#if defined(__linux__)
  constexpr bool kLinux = true;
#else
  constexpr bool kLinux = false;
#endif
#if defined(_WIN32)
  constexpr bool kThreadNames = false;
#else
  constexpr bool kThreadNames = true;
#endif
  auto supports = Napi::Object::New(env);
  supports["processSharedMemory"] = Napi::Boolean::New(env, kLinux);
  supports["nativeThreads"] = Napi::Boolean::New(env, true);
  supports["threadNames"] = Napi::Boolean::New(env, kThreadNames);
  // Nothing here ties a thread to a core yet.
  supports["cpuAffinity"] = Napi::Boolean::New(env, false);
  return supports;
}

Napi::Value attach(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const std::shared_ptr<Environment> environment = Environment::attach(env);
  if (environment == nullptr) return env.Undefined();
  env.GetInstanceData<Attachments>()->environments.push_back(environment);

  auto binding = Napi::Object::New(env);
  for (const auto group : {cell_functions(), primitive_functions(), queue_functions(), thread_functions(),
                           kernel_functions(), segment_functions()}) {
    for (const Function& function : group) {
      napi_value value = nullptr;
      napi_create_function(env, function.name, NAPI_AUTO_LENGTH, function.callback, environment.get(),
                           &value);
      binding[function.name] = value;
    }
  }
  binding["control"] = environment->control_buffer(env);
  binding["outBuffer"] = environment->out_buffer(env);
  binding["scratchBuffer"] = environment->scratch_buffer(env);
  binding["readyBuffer"] = environment->ready_buffer(env);
  binding["self"] = Napi::Number::New(env, environment->core->self());
  binding["supports"] = supports(env);
  return binding;
}

Napi::Object init(Napi::Env env, Napi::Object exports) {
  env.SetInstanceData(new Attachments);
  exports["layoutHash"] = Napi::Number::New(env, layout::HASH);
  exports["attach"] = Napi::Function::New(env, attach, "attach");
  return exports;
}

}  // namespace

NODE_API_MODULE(heddle, init)

}  // namespace heddle::addon

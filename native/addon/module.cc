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

constexpr size_t kControlBytes = size_t{layout::CONTROL_WORDS} * sizeof(int32_t);

// The control segment as an ArrayBuffer over the very same memory in every isolate.
napi_value control_buffer(napi_env env, Environment& environment) {
  napi_value buffer = nullptr;
  // Mapped until the process ends: nothing to finalize.
  const auto keep = [](napi_env, void*, void*) {};
  if (napi_create_external_arraybuffer(env, environment.words, kControlBytes, keep, nullptr, &buffer) != napi_ok) {
    return nullptr;
  }
  // The segment is sparse and not this isolate's to free: its size must not press the collector.
  int64_t external = 0;
  napi_adjust_external_memory(env, -static_cast<int64_t>(kControlBytes), &external);
  return buffer;
}

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
  supports["cpuAffinity"] = Napi::Boolean::New(env, kLinux);
  return supports;
}

Napi::Value attach(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const std::shared_ptr<Environment> environment = Environment::attach(env);
  if (environment == nullptr) return env.Undefined();
  env.GetInstanceData<Attachments>()->environments.push_back(environment);

  auto binding = Napi::Object::New(env);
  for (const auto group : {cell_functions(), primitive_functions(), queue_functions(), thread_functions()}) {
    for (const Function& function : group) {
      napi_value value = nullptr;
      napi_create_function(env, function.name, NAPI_AUTO_LENGTH, function.callback, environment.get(), &value);
      binding[function.name] = value;
    }
  }
  const napi_value control = control_buffer(env, *environment);
  if (control == nullptr) {
    environment->detach();
    Napi::Error::New(env, "this runtime allows no buffers over shared memory").ThrowAsJavaScriptException();
    return env.Undefined();
  }
  binding["control"] = control;
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

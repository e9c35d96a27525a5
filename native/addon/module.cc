// What the addon exports: the hash of its layout, its self-test, what it knows of the main thread, and
// attach(), which gives an isolate its binding.
#include <napi.h>

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "../core/arena.h"
#include "../core/self_test.h"
#include "arguments.h"
#include "environment.h"
#include "functions.h"
#include "stay_loaded.h"
#include "uv_functions.h"

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

// Set when the main thread has its binding. Never cleared: the process ends with it.
std::atomic<bool> main_is_attached = false;

// Without printf, which on Windows would come with its own arithmetic.
std::string hexadecimal(uint64_t number) {
  std::string text(16, '0');
  for (size_t i = text.size(); i > 0; number >>= 4) text[--i] = "0123456789abcdef"[number & 15];
  return text;
}

Napi::Object supports(Napi::Env env) {
#if defined(_WIN32)
  constexpr bool kThreadNames = false;
#else
  constexpr bool kThreadNames = true;
#endif
  auto supports = Napi::Object::New(env);
  supports["processSharedMemory"] = Napi::Boolean::New(env, Arena::process()->descriptor() >= 0);
  supports["namedSharedMemory"] = Napi::Boolean::New(env, true);
  supports["nativeThreads"] = Napi::Boolean::New(env, true);
  supports["threadNames"] = Napi::Boolean::New(env, kThreadNames);
  // Nothing here ties a thread to a core yet.
  supports["cpuAffinity"] = Napi::Boolean::New(env, false);
  return supports;
}

// (whether the loop is libuv's)
Napi::Value attach(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const bool watches_loop = info[0].IsBoolean() && info[0].As<Napi::Boolean>();
  const std::shared_ptr<Environment> environment = Environment::attach(env, watches_loop);
  if (environment == nullptr) return env.Undefined();
  env.GetInstanceData<Attachments>()->environments.push_back(environment);
  if (watches_loop && UvFunctions::is_first_loop(env)) main_is_attached = true;

  auto binding = Napi::Object::New(env);
  for (const auto group : {cell_functions(), primitive_functions(), queue_functions(), thread_functions(),
                           kernel_functions(), segment_functions(), process_functions()}) {
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
  binding["process"] = Napi::Number::New(env, environment->core->own_process());
  binding["descriptor"] = Napi::Number::New(env, Arena::process()->descriptor());
  binding["nonce"] = Napi::String::New(env, hexadecimal(Arena::process()->nonce()));
  binding["supports"] = supports(env);
  return binding;
}

// (descriptor, nonce, record, generation): makes the arena that the parent process passes on that of this
// process; before the first attach(). Throws when it cannot.
Napi::Value inherit(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (info.Length() < 4 || !info[0].IsNumber() || !info[1].IsString() || !info[2].IsNumber() ||
      !info[3].IsNumber()) {
    throw_type_error(env, "a descriptor, a nonce, a record and its generation were expected");
    return env.Undefined();
  }
  const uint64_t nonce = std::strtoull(info[1].As<Napi::String>().Utf8Value().c_str(), nullptr, 16);
  const char* refusal = nullptr;
  if (!Arena::inherit(info[0].As<Napi::Number>().Int32Value(), nonce, info[2].As<Napi::Number>().Int32Value(),
                      info[3].As<Napi::Number>().Int32Value(), &refusal)) {
    napi_throw_error(env, nullptr, refusal);
  }
  return env.Undefined();
}

// () -> whether the isolate is that of the main thread; only where the loop is libuv's.
Napi::Value is_main_thread(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), UvFunctions::is_first_loop(info.Env()));
}

// () -> whether the main thread has attached.
Napi::Value is_main_attached(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), main_is_attached);
}

// () -> undefined, or what does not work here. Tested once in a process.
Napi::Value test_self(const Napi::CallbackInfo& info) {
  static const char* const failure = self_test();
  return failure == nullptr ? info.Env().Undefined() : Napi::String::New(info.Env(), failure);
}

Napi::Object init(Napi::Env env, Napi::Object exports) {
  stay_loaded();
  env.SetInstanceData(new Attachments);
  exports["layoutHash"] = Napi::Number::New(env, layout::HASH);
  exports["selfTest"] = Napi::Function::New(env, test_self, "selfTest");
  exports["inherit"] = Napi::Function::New(env, inherit, "inherit");
  exports["isMainThread"] = Napi::Function::New(env, is_main_thread, "isMainThread");
  exports["isMainAttached"] = Napi::Function::New(env, is_main_attached, "isMainAttached");
  exports["attach"] = Napi::Function::New(env, attach, "attach");
  return exports;
}

}  // namespace

NODE_API_MODULE(heddle, init)

}  // namespace heddle::addon

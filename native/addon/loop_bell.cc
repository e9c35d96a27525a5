// See loop_bell.h.
#include "loop_bell.h"

namespace heddle::addon {

bool LoopBell::open(napi_env env) {
  napi_value name = nullptr;
  if (napi_create_string_utf8(env, "heddle", NAPI_AUTO_LENGTH, &name) != napi_ok) return false;
  // rung_ bounds the queue; its length is left open so that no call is ever refused.
  if (napi_create_threadsafe_function(env, nullptr, nullptr, name, 0, 1, nullptr, nullptr, this, answer,
                                      &function_) != napi_ok) {
    napi_throw_error(env, nullptr, "Node gave no threadsafe function");
    return false;
  }
  napi_unref_threadsafe_function(env, function_);
  return true;
}

napi_status LoopBell::answer_with(napi_env env, napi_value callback) {
  return callback_.set(env, callback);
}

void LoopBell::ring() {
  // seq_cst, matches answer(): either this call sees the flag down and rings, or the loop, which takes
  // it down before it looks at the ready stack, finds there what this ring is about.
  if (rung_.exchange(true)) return;
  napi_call_threadsafe_function(function_, nullptr, napi_tsfn_nonblocking);
}

void LoopBell::answer(napi_env env, napi_value, void* context, void*) {
  auto* bell = static_cast<LoopBell*>(context);
  if (env == nullptr) return;  // The environment ends; nobody is left to answer.
  bell->rung_.store(false);
  const napi_value callback = bell->callback_.get(env);
  napi_value receiver = nullptr;
  if (callback == nullptr) return;
  napi_get_undefined(env, &receiver);
  // An exception stays pending: Node makes it an uncaught exception, or drops it after terminate().
  napi_call_function(env, receiver, callback, 0, nullptr, nullptr);
}

void LoopBell::close() {
  if (function_ == nullptr) return;
  napi_release_threadsafe_function(function_, napi_tsfn_abort);
  function_ = nullptr;
}

}  // namespace heddle::addon

// Wakes an isolate's event loop from any thread, whether it sleeps or not: what is left where SleepWatch
// cannot be had, and for what comes as rarely as the end of a kernel.
#pragma once

#include <node_api.h>

#include <atomic>

#include "callback_reference.h"

namespace heddle::addon {

// A threadsafe function that never keeps its loop alive (lib/engine/wait.ts does, while a promise
// waits). Rings that come before the loop has answered the first are one.
class LoopBell {
 public:
  LoopBell() = default;
  LoopBell(const LoopBell&) = delete;
  LoopBell& operator=(const LoopBell&) = delete;

  // False, with an exception pending, when Node refuses.
  [[nodiscard]] bool open(napi_env env);
  // The JavaScript function that answers.
  [[nodiscard]] napi_status answer_with(napi_env env, napi_value callback);
  // From any thread, but not during or after close().
  void ring();
  // On the isolate's own thread, before Node's own cleanup of the threadsafe function.
  void close();

 private:
  static void answer(napi_env env, napi_value function, void* bell, void* data);

  napi_threadsafe_function function_ = nullptr;
  CallbackReference callback_;
  std::atomic<bool> rung_{false};
};

}  // namespace heddle::addon

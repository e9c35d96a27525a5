// Watches an isolate's event loop go to sleep and wake up, so that it is rung only while it sleeps.
//
// What makes that sound is said in core/loop_state.h; here is where its steps lie in a turn of libuv's
// loop, which everything that the isolate runs comes back to:
//
//   timers ─► prepare: L1, L2 ─► poll ─► check: L3, L4 ─► (immediates, closing) ─► timers …
//
// Between prepare and check libuv runs what its poll brings, JavaScript included, and meanwhile the loop
// passes for asleep: a ring too many, at most one for each poll. It never polls again without prepare
// unless without blocking, or when the poll before it brought nothing at all.
//
// A loop that has something ready, or another reason not to block, is kept from blocking by an active
// idle handle and stays awake. uv_backend_timeout() alone would not do: it is 0 also where the loop has
// descriptors to register first, and then blocks.
#pragma once

#include <node_api.h>

#include <cstdint>
#include <memory>

#include "../core/engine_core.h"
#include "callback_reference.h"
#include "uv_functions.h"

namespace heddle::addon {

// Life: open() until the environment's cleanup hook, an asynchronous one, has all handles closed; then it
// deletes itself. Between detach() and that it does nothing.
class SleepWatch {
 public:
  // Null when this runtime's loop cannot be watched; nothing has happened then. `core` must live until
  // detach().
  static SleepWatch* open(napi_env env, EngineCore& core);
  SleepWatch(const SleepWatch&) = delete;
  SleepWatch& operator=(const SleepWatch&) = delete;

  // The JavaScript function to call when tickets are ready.
  [[nodiscard]] napi_status answer_with(napi_env env, napi_value callback);
  // From any thread, but not during or after detach().
  void ring();
  // On the isolate's own thread, before the hook.
  void detach();

 private:
  // Memory for a handle of a size that only libuv knows.
  using HandleMemory = std::unique_ptr<std::max_align_t[]>;

  SleepWatch(napi_env env, EngineCore& core, const UvFunctions& uv) : env_(env), core_(&core), uv_(uv) {}
  ~SleepWatch() = default;

  [[nodiscard]] bool start(uv_loop_s* loop);
  HandleMemory make_handle(UvFunctions::HandleType type);
  static SleepWatch& of(UvFunctions::Handle handle);
  static void on_prepare(UvFunctions::Handle prepare);
  static void on_check(UvFunctions::Handle check);
  static void on_cleanup(napi_async_cleanup_hook_handle hook, void* watch);
  static void on_closed(UvFunctions::Handle handle);
  void before_poll();
  void after_poll();
  void answer();
  void report_exception();
  void close();

  napi_env env_;
  // Null once detached.
  EngineCore* core_;
  const UvFunctions& uv_;
  uv_loop_s* loop_ = nullptr;
  napi_async_cleanup_hook_handle hook_ = nullptr;
  CallbackReference callback_;
  HandleMemory async_;
  HandleMemory prepare_;
  HandleMemory check_;
  HandleMemory idle_;
  int closing_ = 0;
  // What falls_asleep() said before the poll.
  bool asleep_ = false;
  bool idling_ = false;
};

}  // namespace heddle::addon

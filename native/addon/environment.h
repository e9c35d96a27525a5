// One isolate's attachment: its core, its bell, and the memory it shares with its JavaScript.
#pragma once

#include <node_api.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include "../core/engine_core.h"
#include "loop_bell.h"
#include "sleep_watch.h"

namespace heddle::addon {

class KernelJobs;

// Life: made by attach(); detached by the environment's cleanup hook, which runs when no JavaScript
// of the isolate runs any more, however it ended; deleted when neither the environment nor the
// finalizer of an array's buffer can refer to it.
// Why there is no buffer over memory that is the core's.
inline constexpr const char* kNoExternalBuffers = "this runtime allows no buffers over shared memory";

class Environment : public std::enable_shared_from_this<Environment> {
 public:
  // Null, with an exception pending, when the isolate cannot be attached. `watches_loop`: the runtime's
  // loop is libuv's, all of it, so that a SleepWatch will do.
  static std::shared_ptr<Environment> attach(napi_env env, bool watches_loop);
  Environment() = default;
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

  // Has this process take part in a family of several; until its last environment is detached. False, with
  // the reason, when that cannot be.
  [[nodiscard]] static bool begin_family(const char** refusal);

  // Null once detached.
  std::unique_ptr<EngineCore> core;
  int32_t* words = nullptr;
  // The JavaScript function to call from the loop when tickets are ready.
  [[nodiscard]] napi_status answer_with(napi_env env, napi_value callback);
  // Null until the isolate's first kernel, and after its end.
  KernelJobs* kernels = nullptr;

  // The control segment up to layout::NEAR_WORDS: the very same memory in every isolate.
  napi_value control_buffer(napi_env env) const { return value_of(env, control_buffer_); }
  // All of it, in a buffer of its own. Null, with an exception, when this runtime gives none.
  napi_value whole_control(napi_env env) const;

  // Shared with JavaScript as `out`, `scratch` and `ready` of the engine.
  int32_t* out = nullptr;
  uint8_t* scratch = nullptr;
  EngineCore::Ready* ready = nullptr;
  static constexpr size_t kOutWords = 16;
  static constexpr size_t kScratchBytes = 64 * 1024;
  static constexpr size_t kReadyCount = 256;
  napi_value out_buffer(napi_env env) const { return value_of(env, out_buffer_); }
  napi_value scratch_buffer(napi_env env) const { return value_of(env, scratch_buffer_); }
  napi_value ready_buffer(napi_env env) const { return value_of(env, ready_buffer_); }

  // Where a string is read from JavaScript and narrowed, unless it is longer.
  static constexpr size_t kStringUnits = 16 * 1024;
  std::unique_ptr<char16_t[]> string_units{new char16_t[kStringUnits]};
  std::unique_ptr<uint8_t[]> string_bytes{new uint8_t[kStringUnits]};

  // A reference to an ARRAY cell for each buffer that shows its bytes to JavaScript.
  void hold_array(Handle handle);
  void drop_array(Handle handle);

  // Ends the attachment; what the isolate held passes on, what it waited for is unlinked.
  void detach();
  // The same while its JavaScript goes on, which uses it no more.
  void retire(napi_env env);

 private:
  static napi_value value_of(napi_env env, napi_ref reference);
  void* shared_buffer(napi_env env, size_t bytes, napi_ref* reference);
  [[nodiscard]] bool show_control(napi_env env);
  [[nodiscard]] bool open_bell(napi_env env, bool watches_loop);

  // What rings the loop: the watch, or where there is none the bell.
  SleepWatch* watch_ = nullptr;
  LoopBell bell_;

  napi_ref control_buffer_ = nullptr;
  napi_ref out_buffer_ = nullptr;
  napi_ref scratch_buffer_ = nullptr;
  napi_ref ready_buffer_ = nullptr;
  std::unordered_map<Handle, int32_t> arrays_;
};

}  // namespace heddle::addon

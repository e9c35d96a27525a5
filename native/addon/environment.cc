// See environment.h.
#include "environment.h"

#include <cstring>

#include "../core/arena.h"
#include "../core/family_service.h"
#include "../core/thread_annotations.h"

namespace heddle::addon {

namespace {

// What the environments of this process have in common. Never destroyed: threads may use it until the end.
struct Household {
  LocalMutex mutex;
  int32_t environments HEDDLE_GUARDED_BY(mutex) = 0;
  std::unique_ptr<FamilyService> service HEDDLE_GUARDED_BY(mutex);
};

Household& household() {
  static auto* const only = new Household;
  return *only;
}

void enter_household() {
  LocalLock lock(household().mutex);
  household().environments++;
}

void leave_household() {
  LocalLock lock(household().mutex);
  if (--household().environments > 0 || household().service == nullptr) return;
  household().service->stop();
}

void on_cleanup(void* data) {
  auto* environment = static_cast<std::shared_ptr<Environment>*>(data);
  (*environment)->detach();
  delete environment;
  leave_household();
}

// process.memoryUsage().external counts the whole of it, sparse as it is, and V8 collects garbage when it
// hears of more than 64 MiB. Taking it out of V8's count with napi_adjust_external_memory() changes nothing
// of that, and from Node 24 on V8 aborts the process when the buffer is freed and the count would fall below
// zero.
napi_value buffer_over_control(napi_env env, int32_t* words, int32_t count) {
  const auto keep = [](napi_env, void*, void*) {};  // Mapped until the process ends.
  const size_t bytes = static_cast<size_t>(count) * sizeof(int32_t);
  napi_value buffer = nullptr;
  const napi_status status = napi_create_external_arraybuffer(env, words, bytes, keep, nullptr, &buffer);
  return status == napi_ok ? buffer : nullptr;
}

}  // namespace

bool Environment::begin_family(const char** refusal) {
  LocalLock lock(household().mutex);
  auto& service = household().service;
  if (service == nullptr) service = std::make_unique<FamilyService>(*Arena::process());
  return service->start(refusal);
}

std::shared_ptr<Environment> Environment::attach(napi_env env, bool watches_loop) {
  auto environment = std::make_shared<Environment>();
  environment->out = static_cast<int32_t*>(
      environment->shared_buffer(env, kOutWords * sizeof(int32_t), &environment->out_buffer_));
  environment->scratch =
      static_cast<uint8_t*>(environment->shared_buffer(env, kScratchBytes, &environment->scratch_buffer_));
  environment->ready = static_cast<EngineCore::Ready*>(
      environment->shared_buffer(env, kReadyCount * sizeof(EngineCore::Ready), &environment->ready_buffer_));
  if (environment->out == nullptr || environment->scratch == nullptr || environment->ready == nullptr) {
    napi_throw_error(env, nullptr, "Node gave no memory for the thread's buffers");
    return nullptr;
  }

  const char* refusal = "no slot of the arena is free";
  environment->core = EngineCore::attach(&refusal);
  if (environment->core == nullptr) {
    napi_throw_error(env, nullptr, refusal);
    return nullptr;
  }
  environment->words = environment->core->words();
  if (!environment->show_control(env)) {
    napi_throw_error(env, nullptr, kNoExternalBuffers);
    return nullptr;
  }
  if (!environment->open_bell(env, watches_loop)) return nullptr;

  // Cleanup hooks run newest first. This one must be newer than those of the bell and of the watch, so that
  // nobody rings what has begun to close.
  auto* for_hook = new std::shared_ptr<Environment>(environment);
  if (napi_add_env_cleanup_hook(env, on_cleanup, for_hook) != napi_ok) {
    delete for_hook;
    environment->detach();
    napi_throw_error(env, nullptr, "Node accepts no cleanup hook: the thread is ending");
    return nullptr;
  }
  enter_household();
  if (environment->watch_ != nullptr) {
    environment->core->set_ringer(
        {[](void* watch) { static_cast<SleepWatch*>(watch)->ring(); }, environment->watch_});
  } else {
    environment->core->set_ringer(
        {[](void* bell) { static_cast<LoopBell*>(bell)->ring(); }, &environment->bell_});
  }
  return environment;
}

bool Environment::open_bell(napi_env env, bool watches_loop) {
  if (watches_loop) watch_ = SleepWatch::open(env, *core);
  return watch_ != nullptr || bell_.open(env);
}

napi_status Environment::answer_with(napi_env env, napi_value callback) {
  return watch_ != nullptr ? watch_->answer_with(env, callback) : bell_.answer_with(env, callback);
}

bool Environment::show_control(napi_env env) {
  napi_value buffer = buffer_over_control(env, words, layout::NEAR_WORDS);
  return buffer != nullptr && napi_create_reference(env, buffer, 1, &control_buffer_) == napi_ok;
}

napi_value Environment::whole_control(napi_env env) const {
  napi_value buffer = buffer_over_control(env, words, layout::CONTROL_WORDS);
  if (buffer == nullptr) napi_throw_error(env, nullptr, kNoExternalBuffers);
  return buffer;
}

void Environment::detach() {
  if (core == nullptr) return;
  // From here on nobody rings: set_ringer returns when no ring is under way.
  core->set_ringer({});
  bell_.close();
  // Its own hook, which comes next, deletes it.
  if (watch_ != nullptr) watch_->detach();
  watch_ = nullptr;
  for (const auto& [handle, count] : arrays_) {
    for (int32_t i = 0; i < count; i++) core->release(handle);
  }
  arrays_.clear();
  core.reset();
}

void Environment::retire(napi_env env) {
  detach();
  for (napi_ref* reference : {&control_buffer_, &out_buffer_, &scratch_buffer_, &ready_buffer_}) {
    if (*reference != nullptr) napi_delete_reference(env, *reference);
    *reference = nullptr;
  }
  string_units.reset();
  string_bytes.reset();
}

void Environment::hold_array(Handle handle) {
  core->retain(handle);
  arrays_[handle]++;
}

void Environment::drop_array(Handle handle) {
  // After detach() the reference is gone already.
  if (core == nullptr) return;
  const auto held = arrays_.find(handle);
  if (--held->second == 0) arrays_.erase(held);
  core->release(handle);
}

napi_value Environment::value_of(napi_env env, napi_ref reference) {
  napi_value value = nullptr;
  napi_get_reference_value(env, reference, &value);
  return value;
}

// An ArrayBuffer that lives as long as the environment.
void* Environment::shared_buffer(napi_env env, size_t bytes, napi_ref* reference) {
  void* data = nullptr;
  napi_value buffer = nullptr;
  if (napi_create_arraybuffer(env, bytes, &data, &buffer) != napi_ok) return nullptr;
  if (napi_create_reference(env, buffer, 1, reference) != napi_ok) return nullptr;
  std::memset(data, 0, bytes);
  return data;
}

}  // namespace heddle::addon

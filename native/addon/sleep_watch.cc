// See sleep_watch.h.
#include "sleep_watch.h"

#include <cstddef>

namespace heddle::addon {

namespace {

// The poll has ended, which is all that was wanted; the check that follows does the rest.
void nothing(UvFunctions::Handle) {}

}  // namespace

SleepWatch* SleepWatch::open(napi_env env, EngineCore& core) {
  const UvFunctions* uv = UvFunctions::find();
  uv_loop_s* loop = nullptr;
  if (uv == nullptr || napi_get_uv_event_loop(env, &loop) != napi_ok) return nullptr;
  auto* watch = new SleepWatch(env, core, *uv);
  // Before there is a handle: one that nobody closes would abort the process.
  if (napi_add_async_cleanup_hook(env, on_cleanup, watch, &watch->hook_) != napi_ok) {
    delete watch;
    return nullptr;
  }
  if (!watch->start(loop)) {
    napi_remove_async_cleanup_hook(watch->hook_);
    delete watch;
    return nullptr;
  }
  core.loop_attends();
  return watch;
}

bool SleepWatch::start(uv_loop_s* loop) {
  loop_ = loop;
  async_ = make_handle(UvFunctions::kAsync);
  prepare_ = make_handle(UvFunctions::kPrepare);
  check_ = make_handle(UvFunctions::kCheck);
  idle_ = make_handle(UvFunctions::kIdle);
  // The only one that can fail: it takes a descriptor for the loop's first.
  if (uv_.async_init(loop, async_.get(), nothing) != 0) return false;
  uv_.prepare_init(loop, prepare_.get());
  uv_.check_init(loop, check_.get());
  uv_.idle_init(loop, idle_.get());
  uv_.prepare_start(prepare_.get(), on_prepare);
  uv_.check_start(check_.get(), on_check);
  for (const auto* handle : {&async_, &prepare_, &check_, &idle_}) {
    uv_.handle_set_data(handle->get(), this);
    // lib/engine/wait.ts keeps the loop alive, while a promise waits.
    uv_.unref(handle->get());
  }
  return true;
}

SleepWatch::HandleMemory SleepWatch::make_handle(UvFunctions::HandleType type) {
  const size_t units = (uv_.handle_size(type) + sizeof(std::max_align_t) - 1) / sizeof(std::max_align_t);
  return HandleMemory(new std::max_align_t[units]());
}

napi_status SleepWatch::answer_with(napi_env env, napi_value callback) {
  return callback_.set(env, callback);
}

void SleepWatch::ring() {
  uv_.async_send(async_.get());
}

SleepWatch& SleepWatch::of(UvFunctions::Handle handle) {
  const UvFunctions* uv = UvFunctions::find();
  return *static_cast<SleepWatch*>(uv->handle_get_data(handle));
}

void SleepWatch::on_prepare(UvFunctions::Handle prepare) {
  of(prepare).before_poll();
}
void SleepWatch::on_check(UvFunctions::Handle check) {
  of(check).after_poll();
}

void SleepWatch::before_poll() {
  if (core_ == nullptr) return;
  asleep_ = uv_.backend_timeout(loop_) != 0 && core_->loop_falls_asleep();
  if (asleep_) return;
  uv_.idle_start(idle_.get(), nothing);
  idling_ = true;
}

void SleepWatch::after_poll() {
  if (idling_) {
    uv_.idle_stop(idle_.get());
    idling_ = false;
  }
  if (core_ == nullptr) return;
  if (asleep_) core_->loop_wakes();
  asleep_ = false;
  if (core_->loop_has_ready()) answer();
}

void SleepWatch::answer() {
  napi_handle_scope scope = nullptr;
  if (napi_open_handle_scope(env_, &scope) != napi_ok) return;
  const napi_value callback = callback_.get(env_);
  napi_value global = nullptr;
  if (callback != nullptr && napi_get_global(env_, &global) == napi_ok &&
      napi_make_callback(env_, nullptr, global, callback, 0, nullptr, nullptr) == napi_pending_exception) {
    report_exception();
  }
  napi_close_handle_scope(env_, scope);
}

// Makes it an uncaught exception. There is none when the environment is ending; and after terminate() V8
// shows null, which settleReady() in lib/engine/wait.ts, where every wait catches its own, never throws.
void SleepWatch::report_exception() {
  bool pending = false;
  if (napi_is_exception_pending(env_, &pending) != napi_ok || !pending) return;
  napi_value exception = nullptr;
  napi_valuetype type = napi_null;
  if (napi_get_and_clear_last_exception(env_, &exception) != napi_ok) return;
  napi_typeof(env_, exception, &type);
  if (type != napi_null) napi_fatal_exception(env_, exception);
}

void SleepWatch::detach() {
  core_ = nullptr;
}

void SleepWatch::on_cleanup(napi_async_cleanup_hook_handle, void* watch) {
  static_cast<SleepWatch*>(watch)->close();
}

void SleepWatch::close() {
  for (const auto* handle : {&async_, &prepare_, &check_, &idle_}) {
    closing_++;
    uv_.close(handle->get(), on_closed);
  }
}

void SleepWatch::on_closed(UvFunctions::Handle handle) {
  SleepWatch& watch = of(handle);
  if (--watch.closing_ > 0) return;
  // Only now, or Node would not wait for the closing.
  napi_remove_async_cleanup_hook(watch.hook_);
  delete &watch;
}

}  // namespace heddle::addon

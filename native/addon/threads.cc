// The isolate itself: its slot, its loop's ready tickets, and the OS thread below it.
#include "../core/seat.h"
#include "arguments.h"
#include "functions.h"

namespace heddle::addon {

namespace {

// (slot, generation)
napi_value sweep(napi_env env, napi_callback_info info) {
  Arguments<2> arguments(env, info);
  const int32_t slot = arguments.integer(0);
  const int32_t generation = arguments.integer(1);
  if (!arguments.valid() || !arguments.attached()) return nullptr;
  if (slot < 0 || slot >= layout::MAX_SLOTS) return throw_type_error(env, "not the number of a slot");
  arguments.core().sweep(slot, generation);
  return nullptr;
}

napi_value begin_exit(napi_env env, napi_callback_info info) {
  Arguments<0> arguments(env, info);
  if (arguments.attached()) arguments.core().begin_exit();
  return nullptr;
}

// (): ends this attachment, of which there may be others in the thread
napi_value detach(napi_env env, napi_callback_info info) {
  Arguments<0> arguments(env, info);
  if (arguments.attached()) arguments.environment().retire(env);
  return nullptr;
}

// () -> how many (ticket, outcome, value) triples are in `ready`
napi_value drain(napi_env env, napi_callback_info info) {
  Arguments<0> arguments(env, info);
  if (!arguments.attached()) return nullptr;
  const size_t count = arguments.core().drain({arguments.environment().ready, Environment::kReadyCount});
  return to_integer(env, static_cast<int32_t>(count));
}
static_assert(sizeof(EngineCore::Ready) == 3 * sizeof(int32_t));

// (function)
napi_value on_ready(napi_env env, napi_callback_info info) {
  Arguments<1> arguments(env, info);
  if (!arguments.attached()) return nullptr;
  if (arguments.environment().answer_with(env, arguments[0]) != napi_ok) {
    return throw_type_error(env, "a function was expected");
  }
  return nullptr;
}

napi_value thread_id(napi_env env, napi_callback_info) {
  return to_integer(env, native_thread_id());
}

// (name)
napi_value name_thread(napi_env env, napi_callback_info info) {
  Arguments<1> arguments(env, info);
  char name[layout::NAME_BYTES + 1];
  if (napi_get_value_string_utf8(env, arguments[0], name, sizeof name, nullptr) != napi_ok) {
    return throw_type_error(env, "a string was expected");
  }
  set_thread_name(name);
  return nullptr;
}

napi_value boolean(napi_env env, bool value) {
  napi_value result = nullptr;
  napi_get_boolean(env, value, &result);
  return result;
}

napi_value give_way(napi_env, napi_callback_info) {
  (void)Seat::own().give_way();
  return nullptr;
}

// () -> whether the thread has been moved
napi_value leave_core(napi_env env, napi_callback_info) {
  return boolean(env, Seat::own().leave());
}

napi_value is_core_wanted(napi_env env, napi_callback_info) {
  return boolean(env, Seat::own().is_wanted());
}

constexpr Function kFunctions[] = {
    {"sweep", sweep},
    {"beginExit", begin_exit},
    {"drain", drain},
    {"detach", detach},
    {"onReady", on_ready},
    {"nativeThreadId", thread_id},
    {"setThreadName", name_thread},
    {"yieldCore", give_way},
    {"leaveCore", leave_core},
    {"isCoreWanted", is_core_wanted},
};

}  // namespace

std::span<const Function> thread_functions() {
  return kFunctions;
}

}  // namespace heddle::addon

// Locks, semaphores, events, conditions and barriers, and the two ways out of a wait.
#include "arguments.h"
#include "functions.h"

namespace heddle::addon {

namespace {

using layout::Kind::BARRIER;
using layout::Kind::CONDITION;
using layout::Kind::EVENT;
using layout::Kind::MUTEX;
using layout::Kind::NODE;
using layout::Kind::PROCESS;
using layout::Kind::SEMAPHORE;
using layout::Kind::THREAD;

// (handle, mode, timeout) -> outcome or ticket
template <auto BEGIN, int32_t... KINDS>
napi_value begin(napi_env env, napi_callback_info info) {
  Arguments<3> arguments(env, info);
  const Handle handle = arguments.handle<KINDS...>(0);
  const Mode mode = arguments.integer(1);
  const double timeout = arguments.number(2);
  if (!arguments.valid()) return nullptr;
  const OutcomeOrTicket begun = (arguments.core().*BEGIN)(handle, mode, timeout);
  arguments.environment().out[0] = arguments.core().out()[0];
  return to_integer(env, begun);
}

// (handle) -> outcome
template <auto COMMAND, int32_t... KINDS>
napi_value ask(napi_env env, napi_callback_info info) {
  Arguments<1> arguments(env, info);
  const Handle handle = arguments.handle<KINDS...>(0);
  if (!arguments.valid()) return nullptr;
  return to_integer(env, (arguments.core().*COMMAND)(handle));
}

// (handle)
template <auto COMMAND, int32_t... KINDS>
napi_value tell(napi_env env, napi_callback_info info) {
  Arguments<1> arguments(env, info);
  const Handle handle = arguments.handle<KINDS...>(0);
  if (arguments.valid()) (arguments.core().*COMMAND)(handle);
  return nullptr;
}

// (handle, count or mode) -> outcome, count or ticket
template <auto COMMAND, int32_t... KINDS>
napi_value ask_with_number(napi_env env, napi_callback_info info) {
  Arguments<2> arguments(env, info);
  const Handle handle = arguments.handle<KINDS...>(0);
  const int32_t number = arguments.integer(1);
  if (!arguments.valid()) return nullptr;
  return to_integer(env, (arguments.core().*COMMAND)(handle, number));
}

// (ticket, timeout) -> outcome
napi_value wait(napi_env env, napi_callback_info info) {
  Arguments<2> arguments(env, info);
  const int32_t ticket = arguments.handle<NODE>(0);
  const double timeout = arguments.number(1);
  if (!arguments.valid()) return nullptr;
  const OutcomeCode outcome = arguments.core().wait(ticket, timeout);
  arguments.environment().out[0] = arguments.core().out()[0];
  return to_integer(env, outcome);
}

// (ticket) -> outcome
napi_value cancel(napi_env env, napi_callback_info info) {
  Arguments<1> arguments(env, info);
  const int32_t ticket = arguments.handle<NODE>(0);
  if (!arguments.valid()) return nullptr;
  const OutcomeCode outcome = arguments.core().cancel(ticket);
  arguments.environment().out[0] = arguments.core().out()[0];
  return to_integer(env, outcome);
}

constexpr Function kFunctions[] = {
    {"mutexAcquire", begin<&EngineCore::mutex_acquire, MUTEX>},
    {"mutexRelease", ask<&EngineCore::mutex_release, MUTEX>},
    {"semaphoreAcquire", begin<&EngineCore::semaphore_acquire, SEMAPHORE>},
    {"semaphoreRelease", ask_with_number<&EngineCore::semaphore_release, SEMAPHORE>},
    // The end of a thread or process is waited for as an event is.
    {"eventWait", begin<&EngineCore::event_wait, EVENT, THREAD, PROCESS>},
    {"eventSet", tell<&EngineCore::event_set, EVENT, THREAD, PROCESS>},
    {"conditionEnqueue", ask_with_number<&EngineCore::condition_enqueue, CONDITION>},
    {"conditionNotify", ask_with_number<&EngineCore::condition_notify, CONDITION>},
    {"barrierArrive", begin<&EngineCore::barrier_arrive, BARRIER>},
    {"barrierRelease", tell<&EngineCore::barrier_release, BARRIER>},
    {"barrierBreak", tell<&EngineCore::barrier_break, BARRIER>},
    {"barrierReset", tell<&EngineCore::barrier_reset, BARRIER>},
    {"wait", wait},
    {"cancel", cancel},
};

}  // namespace

std::span<const Function> primitive_functions() {
  return kFunctions;
}

}  // namespace heddle::addon

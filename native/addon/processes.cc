// Processes of the family: their records, and what a child needs to join it.
#include "arguments.h"
#include "functions.h"

namespace heddle::addon {

namespace {

using layout::Kind::EVENT;
using layout::Kind::PROCESS;
using layout::Kind::QUEUE;

template <size_t N>
int32_t record_of(Arguments<N>& arguments, napi_env env) {
  const int32_t record = arguments.integer(0);
  if (!arguments.valid() || !arguments.attached()) return -1;
  if (record >= 0 && record < layout::MAX_PROCESSES) return record;
  throw_type_error(env, "not the number of a process record");
  return -1;
}

// (): has this process take part in a family of several
napi_value begin_family(napi_env env, napi_callback_info info) {
  Arguments<0> arguments(env, info);
  const char* refusal = nullptr;
  if (arguments.attached() && !Environment::begin_family(&refusal)) napi_throw_error(env, nullptr, refusal);
  return nullptr;
}

// (cell): names the cell of this process itself
napi_value give_process_cell(napi_env env, napi_callback_info info) {
  Arguments<1> arguments(env, info);
  const Handle cell = arguments.handle<PROCESS>(0);
  if (arguments.valid()) arguments.core().give_process_cell(cell);
  return nullptr;
}

// (record, word) -> the handle there with a reference, or 0
napi_value retain_process_handle(napi_env env, napi_callback_info info) {
  Arguments<2> arguments(env, info);
  const int32_t record = record_of(arguments, env);
  const int32_t word = arguments.integer(1);
  if (record < 0 || !arguments.valid()) return nullptr;
  if (word < 0 || word >= layout::WORDS_PER_PROCESS) return throw_type_error(env, "not a word of a record");
  return to_integer(env, arguments.core().retain_process_handle(record, word));
}

// (cell, commands, started, flags, name) -> record, or -1 when all are taken
napi_value reserve_process(napi_env env, napi_callback_info info) {
  Arguments<5> arguments(env, info);
  NewProcess process{};
  process.cell = arguments.handle<PROCESS>(0);
  process.commands = arguments.handle<QUEUE>(1);
  process.started = arguments.handle<EVENT>(2);
  process.flags = arguments.integer(3);
  if (!arguments.valid()) return nullptr;
  void* name = nullptr;
  size_t length = 0;
  if (napi_get_typedarray_info(env, arguments[4], nullptr, &length, &name, nullptr, nullptr) != napi_ok ||
      length > static_cast<size_t>(layout::NAME_BYTES)) {
    return throw_type_error(env, "a name in UTF-8 was expected");
  }
  process.name = {static_cast<const uint8_t*>(name), length};
  return to_integer(env, arguments.core().reserve_process(process));
}

// (record, generation, pid)
napi_value confirm_process(napi_env env, napi_callback_info info) {
  Arguments<3> arguments(env, info);
  const int32_t record = record_of(arguments, env);
  const int32_t generation = arguments.integer(1);
  const int32_t pid = arguments.integer(2);
  if (record >= 0 && arguments.valid()) arguments.core().confirm_process({record, generation}, pid);
  return nullptr;
}

// (record)
napi_value cancel_process(napi_env env, napi_callback_info info) {
  Arguments<2> arguments(env, info);
  const int32_t record = record_of(arguments, env);
  if (record >= 0) arguments.core().cancel_process(record);
  return nullptr;
}

// (record, generation, exit code)
napi_value settle_process(napi_env env, napi_callback_info info) {
  Arguments<3> arguments(env, info);
  const int32_t record = record_of(arguments, env);
  const int32_t generation = arguments.integer(1);
  const int32_t exit_code = arguments.integer(2);
  if (record >= 0 && arguments.valid()) arguments.core().settle_process({record, generation}, exit_code);
  return nullptr;
}

constexpr Function kFunctions[] = {
    {"beginFamily", begin_family},
    {"giveProcessCell", give_process_cell},
    {"retainProcessHandle", retain_process_handle},
    {"reserveProcess", reserve_process},
    {"confirmProcess", confirm_process},
    {"cancelProcess", cancel_process},
    {"settleProcess", settle_process},
};

}  // namespace

std::span<const Function> process_functions() {
  return kFunctions;
}

}  // namespace heddle::addon

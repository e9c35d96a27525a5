// Queues: items cross between JavaScript values and bytes here.
//
//   lane     put                                   take
//   NUMBER   the double                            a number
//   STRING   Latin-1 if it fits, else UTF-16,      a string, unit for unit: lone surrogates survive
//            said by the item's tag
//   others   bytes the codec made                  bytes, in `scratch` when they fit
#include <cstring>
#include <memory>
#include <span>

#include "../core/copy_bytes.h"
#include "arguments.h"
#include "freed_memory.h"
#include "functions.h"

namespace heddle::addon {

namespace {

using layout::Kind::QUEUE;

enum StringTag : int32_t { kLatin1, kUtf16 };

// kNow for a number that is none.
Turn turn_of(int32_t number) {
  return number >= 0 && number <= static_cast<int32_t>(Turn::kBehind) ? static_cast<Turn>(number)
                                                                      : Turn::kNow;
}

// Key and handles of a put: the optional last two arguments. They point into JavaScript's memory, so
// they hold until JavaScript runs again. False, with an exception pending, when they are malformed.
template <size_t N>
[[nodiscard]] bool read_extras(napi_env env, const Arguments<N>& arguments, PutItem& item) {
  constexpr size_t kKey = N - 2;
  constexpr size_t kHandles = N - 1;
  if (arguments.count() <= kKey) return true;
  for (const size_t index : {kKey, kHandles}) {
    if (arguments.count() <= index) break;
    napi_valuetype type = napi_undefined;
    napi_typeof(env, arguments[index], &type);
    if (type == napi_undefined) continue;
    napi_typedarray_type elements;
    size_t length = 0;
    void* data = nullptr;
    const auto expected = index == kKey ? napi_uint8_array : napi_int32_array;
    if (napi_get_typedarray_info(env, arguments[index], &elements, &length, &data, nullptr, nullptr) !=
            napi_ok ||
        elements != expected) {
      throw_type_error(env, index == kKey ? "the key of an item is a Uint8Array"
                                          : "the handles of an item are an Int32Array");
      return false;
    }
    if (index == kKey) {
      item.key = {static_cast<const uint8_t*>(data), length};
    } else {
      item.handles = {static_cast<const Handle*>(data), length};
    }
  }
  return true;
}

// (handle, turn, number, key?, handles?) -> outcome
napi_value put_number(napi_env env, napi_callback_info info) {
  Arguments<5> arguments(env, info);
  const Handle handle = arguments.handle<QUEUE>(0);
  const Turn turn = turn_of(arguments.integer(1));
  const double number = arguments.number(2);
  PutItem item;
  item.lane = layout::ItemLane::NUMBER;
  item.bytes = {reinterpret_cast<const uint8_t*>(&number), sizeof number};
  if (!arguments.valid() || !read_extras(env, arguments, item)) return nullptr;
  return to_integer(env, arguments.core().queue_put(handle, turn, item));
}

// Narrows UTF-16 to Latin-1; false if a unit does not fit, `bytes` is then of no use.
[[nodiscard]] bool narrow(std::span<const char16_t> units, uint8_t* bytes) {
  char16_t all = 0;
  for (size_t i = 0; i < units.size(); i++) {
    all |= units[i];
    bytes[i] = static_cast<uint8_t>(units[i]);
  }
  return all < 0x100;
}

// (handle, turn, string, key?, handles?) -> outcome
napi_value put_string(napi_env env, napi_callback_info info) {
  Arguments<5> arguments(env, info);
  const Handle handle = arguments.handle<QUEUE>(0);
  const Turn turn = turn_of(arguments.integer(1));
  PutItem item;
  item.lane = layout::ItemLane::STRING;
  if (!arguments.valid() || !read_extras(env, arguments, item)) return nullptr;

  Environment& environment = arguments.environment();
  char16_t* units = environment.string_units.get();
  uint8_t* bytes = environment.string_bytes.get();
  std::unique_ptr<char16_t[]> more_units;
  std::unique_ptr<uint8_t[]> more_bytes;
  size_t length = 0;
  if (napi_get_value_string_utf16(env, arguments[2], units, Environment::kStringUnits, &length) != napi_ok) {
    return throw_type_error(env, "a string was expected");
  }
  // One unit goes to the terminator: a full buffer means that the string may be longer.
  if (length == Environment::kStringUnits - 1) {
    napi_get_value_string_utf16(env, arguments[2], nullptr, 0, &length);
    more_units.reset(new char16_t[length + 1]);
    more_bytes.reset(new uint8_t[length]);
    units = more_units.get();
    bytes = more_bytes.get();
    napi_get_value_string_utf16(env, arguments[2], units, length + 1, &length);
  }
  if (narrow({units, length}, bytes)) {
    item.tag = kLatin1;
    item.bytes = {bytes, length};
  } else {
    item.tag = kUtf16;
    item.bytes = {reinterpret_cast<const uint8_t*>(units), length * sizeof(char16_t)};
  }
  return to_integer(env, arguments.core().queue_put(handle, turn, item));
}

// (handle, turn, lane, length, bytes or undefined for `scratch`, key?, handles?) -> outcome
napi_value put_bytes(napi_env env, napi_callback_info info) {
  Arguments<7> arguments(env, info);
  const Handle handle = arguments.handle<QUEUE>(0);
  const Turn turn = turn_of(arguments.integer(1));
  PutItem item;
  item.lane = arguments.integer(2);
  const double wanted = arguments.number(3);
  if (!arguments.valid() || !read_extras(env, arguments, item)) return nullptr;

  size_t available = Environment::kScratchBytes;
  void* data = arguments.environment().scratch;
  napi_valuetype type = napi_undefined;
  napi_typeof(env, arguments[4], &type);
  if (type != napi_undefined) {
    napi_typedarray_type elements;
    if (napi_get_typedarray_info(env, arguments[4], &elements, &available, &data, nullptr, nullptr) !=
            napi_ok ||
        elements != napi_uint8_array) {
      return throw_type_error(env, "the bytes of an item are a Uint8Array");
    }
  }
  if (!(wanted >= 0 && wanted <= static_cast<double>(available))) {
    return throw_type_error(env, "an item is longer than its bytes");
  }
  item.bytes = {static_cast<const uint8_t*>(data), static_cast<size_t>(wanted)};
  return to_integer(env, arguments.core().queue_put(handle, turn, item));
}

// A Uint8Array of its own. By way of a Buffer, whose memory, unlike a new ArrayBuffer's, is not zeroed
// first.
napi_value copy_of(napi_env env, const TakenItem& item) {
  napi_value buffer = nullptr;
  napi_value memory = nullptr;
  napi_value array = nullptr;
  size_t offset = 0;
  keep_freed_memory();
  void* data = nullptr;
  if (napi_create_buffer(env, item.bytes.size(), &data, &buffer) != napi_ok) return nullptr;
  const auto copy = item.is_followed ? stream_bytes : copy_bytes;
  copy(static_cast<uint8_t*>(data), item.bytes.data(), item.bytes.size());
  napi_get_typedarray_info(env, buffer, nullptr, nullptr, nullptr, &memory, &offset);
  napi_create_typedarray(env, napi_uint8_array, item.bytes.size(), memory, offset, &array);
  return array;
}

// What has been taken, as Engine.queueTake leaves it.
napi_value show(napi_env env, Environment& environment, OutcomeCode outcome, const TakenItem& item) {
  if (outcome != layout::Outcome::OK) {
    environment.out[0] = -outcome;
    return nullptr;
  }
  environment.out[0] = item.lane;
  environment.out[1] = static_cast<int32_t>(item.bytes.size());
  napi_value value = nullptr;
  switch (item.lane) {
    case layout::ItemLane::NUMBER: {
      double number = 0;
      std::memcpy(&number, item.bytes.data(), sizeof number);
      napi_create_double(env, number, &value);
      break;
    }
    case layout::ItemLane::STRING:
      if (item.tag == kLatin1) {
        napi_create_string_latin1(env, reinterpret_cast<const char*>(item.bytes.data()), item.bytes.size(),
                                  &value);
      } else {
        napi_create_string_utf16(env, reinterpret_cast<const char16_t*>(item.bytes.data()),
                                 item.bytes.size() / sizeof(char16_t), &value);
      }
      break;
    default:
      if (item.owns_block()) value = copy_of(env, item);
  }
  return value;
}

// (handle, turn) -> number, string, Uint8Array or undefined; see Engine.queueTake
napi_value take(napi_env env, napi_callback_info info) {
  Arguments<2> arguments(env, info);
  const Handle handle = arguments.handle<QUEUE>(0);
  const Turn turn = turn_of(arguments.integer(1));
  if (!arguments.valid()) return nullptr;
  Environment& environment = arguments.environment();
  TakenItem item;
  const OutcomeCode outcome =
      arguments.core().queue_take(handle, turn, {environment.scratch, EngineCore::kScratchBytes}, item);
  return show(env, environment, outcome, item);
}

// (handle, reserved, broker) -> the same; after MISUSE, the obstacle is in out[1]
napi_value take_for(napi_env env, napi_callback_info info) {
  Arguments<3> arguments(env, info);
  const Handle handle = arguments.handle<QUEUE>(0);
  const bool reserved = arguments.boolean(1);
  const int32_t broker = arguments.integer(2);
  if (!arguments.valid()) return nullptr;
  Environment& environment = arguments.environment();
  TakenItem item;
  Handle obstacle = 0;
  const OutcomeCode outcome = arguments.core().queue_take_for(
      handle, reserved, broker, {environment.scratch, EngineCore::kScratchBytes}, item, obstacle);
  if (outcome != layout::Outcome::OK) environment.out[1] = obstacle;
  return show(env, environment, outcome, item);
}

// (handle, discipline, max size) -> outcome
napi_value init(napi_env env, napi_callback_info info) {
  Arguments<3> arguments(env, info);
  const Handle handle = arguments.handle<QUEUE>(0);
  const int32_t discipline = arguments.integer(1);
  const int32_t max_size = arguments.integer(2);
  if (!arguments.valid()) return nullptr;
  return to_integer(env, arguments.core().queue_init(handle, discipline, max_size));
}

// (handle, mode, timeout) -> outcome or ticket
template <auto BEGIN>
napi_value begin(napi_env env, napi_callback_info info) {
  Arguments<3> arguments(env, info);
  const Handle handle = arguments.handle<QUEUE>(0);
  const Mode mode = arguments.integer(1);
  const double timeout = arguments.number(2);
  if (!arguments.valid()) return nullptr;
  return to_integer(env, (arguments.core().*BEGIN)(handle, mode, timeout));
}

// (handle, 0 for a place or 1 for an item)
template <auto CALL>
napi_value with_either(napi_env env, napi_callback_info info) {
  Arguments<2> arguments(env, info);
  const Handle handle = arguments.handle<QUEUE>(0);
  const int32_t what = arguments.integer(1);
  if (arguments.valid()) (arguments.core().*CALL)(handle, what);
  return nullptr;
}

// (handle) -> outcome
napi_value task_done(napi_env env, napi_callback_info info) {
  Arguments<1> arguments(env, info);
  const Handle handle = arguments.handle<QUEUE>(0);
  if (!arguments.valid()) return nullptr;
  return to_integer(env, arguments.core().queue_task_done(handle));
}

// (handle, immediate)
napi_value shutdown(napi_env env, napi_callback_info info) {
  Arguments<2> arguments(env, info);
  const Handle handle = arguments.handle<QUEUE>(0);
  const bool immediate = arguments.boolean(1);
  if (arguments.valid()) arguments.core().queue_shutdown(handle, immediate);
  return nullptr;
}

// (handle, max size)
napi_value resize(napi_env env, napi_callback_info info) {
  Arguments<2> arguments(env, info);
  const Handle handle = arguments.handle<QUEUE>(0);
  const int32_t max_size = arguments.integer(1);
  if (arguments.valid()) arguments.core().queue_resize(handle, max_size);
  return nullptr;
}

constexpr Function kFunctions[] = {
    {"queueInit", init},
    {"queuePutNumber", put_number},
    {"queuePutString", put_string},
    {"queuePutBytes", put_bytes},
    {"queueTake", take},
    {"queueTakeFor", take_for},
    {"queueAwaitPlace", begin<&EngineCore::queue_await_place>},
    {"queueAwaitItem", begin<&EngineCore::queue_await_item>},
    {"queueNotice", with_either<&EngineCore::queue_notice>},
    {"queueUnreserve", with_either<&EngineCore::queue_unreserve>},
    {"queueTaskDone", task_done},
    {"queueJoin", begin<&EngineCore::queue_join>},
    {"queueShutdown", shutdown},
    {"queueResize", resize},
};

}  // namespace

std::span<const Function> queue_functions() {
  return kFunctions;
}

}  // namespace heddle::addon

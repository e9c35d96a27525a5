// Reads the arguments of a raw N-API callback and checks them. The hot functions of the addon cost
// about 20 ns; node-addon-api's wrappers would triple that, so these go straight to the C interface.
#pragma once

#include <node_api.h>

#include <cstddef>
#include <cstdint>

#include "../core/layout.h"
#include "environment.h"

namespace heddle::addon {

// Makes the pending exception a TypeError; every later check of the same call fails too.
napi_value throw_type_error(napi_env env, const char* message);

// The first N arguments of a call; missing ones read as undefined.
template <size_t N>
class Arguments {
 public:
  Arguments(napi_env env, napi_callback_info info) : env_(env) {
    void* data = nullptr;
    napi_get_cb_info(env, info, &count_, values_, nullptr, &data);
    environment_ = static_cast<Environment*>(data);
  }

  // False when an argument was wrong or the isolate is detached; an exception is then pending.
  [[nodiscard]] bool valid() const { return valid_; }
  [[nodiscard]] size_t count() const { return count_; }
  [[nodiscard]] napi_value operator[](size_t index) const { return values_[index]; }
  [[nodiscard]] Environment& environment() const { return *environment_; }
  [[nodiscard]] EngineCore& core() const { return *environment_->core; }

  // False, with an exception pending, once the isolate's slot is given up.
  [[nodiscard]] bool attached() {
    if (environment_->core == nullptr) fail("this thread has ended its use of heddle");
    return valid_;
  }

  [[nodiscard]] int32_t integer(size_t index) {
    int32_t value = 0;
    if (napi_get_value_int32(env_, values_[index], &value) != napi_ok) fail("a number was expected");
    return value;
  }

  [[nodiscard]] double number(size_t index) {
    double value = 0;
    if (napi_get_value_double(env_, values_[index], &value) != napi_ok) fail("a number was expected");
    return value;
  }

  [[nodiscard]] bool boolean(size_t index) {
    bool value = false;
    if (napi_get_value_bool(env_, values_[index], &value) != napi_ok) fail("a boolean was expected");
    return value;
  }

  // The handle of a live cell of one of the kinds given (of any kind when none is): a stale or made-up
  // handle is an exception here instead of a write into somebody else's memory.
  template <int32_t... KINDS>
  [[nodiscard]] Handle handle(size_t index) {
    const Handle handle = integer(index);
    if (!valid_ || !attached()) return 0;
    const auto cell = static_cast<uint32_t>(handle) - static_cast<uint32_t>(layout::CELLS_START);
    constexpr auto kCellWords = static_cast<uint32_t>(layout::WORDS_PER_CELL);
    constexpr auto kCells = static_cast<uint32_t>(layout::MAX_CELLS);
    if (cell % kCellWords != 0 || cell / kCellWords >= kCells) {
      fail("not the handle of a shared object");
      return 0;
    }
    const int32_t kind = environment_->words[handle + layout::Cell::KIND];
    bool fits = sizeof...(KINDS) == 0 ? kind != layout::Kind::FREE : ((kind == KINDS) || ...);
    if (!fits) fail("the shared object is closed, or not of this kind");
    return handle;
  }

 private:
  void fail(const char* message) {
    if (valid_) throw_type_error(env_, message);
    valid_ = false;
  }

  napi_env env_;
  size_t count_ = N;
  napi_value values_[N == 0 ? 1 : N];
  Environment* environment_;
  bool valid_ = true;
};

[[nodiscard]] inline napi_value to_integer(napi_env env, int32_t value) {
  napi_value result = nullptr;
  napi_create_int32(env, value, &result);
  return result;
}

}  // namespace heddle::addon

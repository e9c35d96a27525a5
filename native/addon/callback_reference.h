// A JavaScript function that native code keeps, to call it later.
#pragma once

#include <node_api.h>

namespace heddle::addon {

// For the isolate's own thread. The reference goes with the environment.
class CallbackReference {
 public:
  [[nodiscard]] napi_status set(napi_env env, napi_value callback) {
    napi_ref reference = nullptr;
    if (const napi_status status = napi_create_reference(env, callback, 1, &reference); status != napi_ok) {
      return status;
    }
    if (reference_ != nullptr) napi_delete_reference(env, reference_);
    reference_ = reference;
    return napi_ok;
  }

  // Null when none was set, or the environment gives none any more. Needs an open handle scope.
  [[nodiscard]] napi_value get(napi_env env) const {
    napi_value callback = nullptr;
    if (reference_ == nullptr || napi_get_reference_value(env, reference_, &callback) != napi_ok)
      return nullptr;
    return callback;
  }

 private:
  napi_ref reference_ = nullptr;
};

}  // namespace heddle::addon

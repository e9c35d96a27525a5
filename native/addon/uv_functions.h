// The functions of libuv that the addon uses, looked up in the process: neither headers nor a library
// are needed to build against, and a runtime that has them not loads the addon all the same. libuv keeps
// them, and the numbers of its handle types, as they are throughout version 1.
#pragma once

#include <node_api.h>

#include <cstddef>

namespace heddle::addon {

struct UvFunctions {
  using Loop = uv_loop_s*;
  // A uv_handle_t, of any type.
  using Handle = void*;
  using Callback = void (*)(Handle handle);
  enum HandleType : int { kAsync = 1, kCheck = 2, kIdle = 6, kPrepare = 9 };

  Loop (*default_loop)();
  int (*backend_timeout)(Loop loop);
  size_t (*handle_size)(int type);
  void* (*handle_get_data)(Handle handle);
  void (*handle_set_data)(Handle handle, void* data);
  void (*unref)(Handle handle);
  void (*close)(Handle handle, Callback closed);
  int (*async_init)(Loop loop, Handle async, Callback callback);
  int (*async_send)(Handle async);
  int (*prepare_init)(Loop loop, Handle prepare);
  int (*prepare_start)(Handle prepare, Callback callback);
  int (*check_init)(Loop loop, Handle check);
  int (*check_start)(Handle check, Callback callback);
  int (*idle_init)(Loop loop, Handle idle);
  int (*idle_start)(Handle idle, Callback callback);
  int (*idle_stop)(Handle idle);

  // Null when the process lacks one of them.
  static const UvFunctions* find();
  // Whether an isolate's event loop is the process's first one, which Node.js gives to its main thread.
  static bool is_first_loop(napi_env env);
};

}  // namespace heddle::addon

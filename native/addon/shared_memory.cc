// Segments of shared memory by name, as ArrayBuffers. What fails returns the error as Node counts them:
// -errno, and on Windows numbers of its own.
#include <cerrno>
#include <memory>

#include "../core/shared_segment.h"
#include "arguments.h"
#include "functions.h"

namespace heddle::addon {

namespace {

// Of a file system's name, with its end.
constexpr size_t kNameBytes = 256;

// False, with an exception pending, unless a string. A longer name is cut, and is too long for the system all
// the same.
bool read_name(napi_env env, napi_value value, char (&name)[kNameBytes + 2]) {
  if (napi_get_value_string_utf8(env, value, name, sizeof name, nullptr) == napi_ok) return true;
  throw_type_error(env, "a string was expected");
  return false;
}

// The number by which Node knows an error.
int node_error(int error) {
#ifdef _WIN32
  switch (error) {
    case 0:
      return 0;
    case ENOENT:
      return -4058;
    case EEXIST:
      return -4075;
    case EACCES:
      return -4092;
    case ENOSPC:
      return -4055;
    case ENOMEM:
      return -4057;
    case ENAMETOOLONG:
      return -4064;
    case ENOTSUP:
      return -4049;
    default:
      return -4071;  // EINVAL
  }
#else
  return -error;
#endif
}

void unmap(napi_env, void*, void* hint) {
  const std::unique_ptr<Segment> segment(static_cast<Segment*>(hint));
  unmap_segment(*segment);
}

napi_value show(napi_env env, int error, const Segment& segment) {
  if (error != 0) return to_integer(env, node_error(error));
  auto* shown = new Segment(segment);
  napi_value buffer = nullptr;
  if (napi_create_external_arraybuffer(env, segment.base, segment.bytes, unmap, shown, &buffer) == napi_ok) {
    return buffer;
  }
  unmap(env, nullptr, shown);
  return to_integer(env, node_error(ENOTSUP));
}

// (name, bytes, whether it is taken away when this process ends) -> ArrayBuffer or error
napi_value create(napi_env env, napi_callback_info info) {
  Arguments<3> arguments(env, info);
  char name[kNameBytes + 2];
  if (!read_name(env, arguments[0], name)) return nullptr;
  const double bytes = arguments.number(1);
  const bool track = arguments.boolean(2);
  if (!arguments.valid()) return nullptr;
  Segment segment;
  const int error = create_segment(name, static_cast<uint64_t>(bytes), track, segment);
  return show(env, error, segment);
}

// (name) -> ArrayBuffer or error
napi_value attach(napi_env env, napi_callback_info info) {
  Arguments<1> arguments(env, info);
  char name[kNameBytes + 2];
  if (!read_name(env, arguments[0], name)) return nullptr;
  Segment segment;
  const int error = attach_segment(name, segment);
  return show(env, error, segment);
}

// (name) -> 0 or error
napi_value unlink(napi_env env, napi_callback_info info) {
  Arguments<1> arguments(env, info);
  char name[kNameBytes + 2];
  if (!read_name(env, arguments[0], name)) return nullptr;
  return to_integer(env, node_error(unlink_segment(name)));
}

// (buffer): nobody reads or writes it from now on; it is unmapped when nothing uses it any more.
napi_value detach(napi_env env, napi_callback_info info) {
  Arguments<1> arguments(env, info);
  void* base = nullptr;
  size_t bytes = 0;
  if (napi_get_arraybuffer_info(env, arguments[0], &base, &bytes) != napi_ok ||
      napi_detach_arraybuffer(env, arguments[0]) != napi_ok) {
    return throw_type_error(env, "a buffer was expected");
  }
  leave_segment(base);
  return nullptr;
}

constexpr Function kFunctions[] = {
    {"segmentCreate", create},
    {"segmentAttach", attach},
    {"segmentUnlink", unlink},
    {"segmentDetach", detach},
};

}  // namespace

std::span<const Function> segment_functions() {
  return kFunctions;
}

}  // namespace heddle::addon

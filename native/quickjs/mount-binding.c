#include <errno.h>
#include <sys/mount.h>

#include "bindings.h"
#include "mount.h"
#include "values.h"

/* mount(source, target, type | null, flags, data | null, cwd | null) */
static JSValue mount_call(JSContext *js, JSValueConst self, int count, JSValueConst *arguments) {
  (void)self, (void)count;
  struct mount_request request = {0};
  int64_t flags;
  JSValue result = JS_EXCEPTION;
  if (read_string(js, arguments[0], &request.source) && read_string(js, arguments[1], &request.target) &&
      read_string_or_null(js, arguments[2], &request.type) && read_int64(js, arguments[3], &flags) &&
      read_string_or_null(js, arguments[4], &request.data) && read_string_or_null(js, arguments[5], &request.cwd)) {
    request.flags = (unsigned long)flags;
    int error = mount_classic(&request);
    result = error ? throw_system_error(js, error, "mount", request.target) : JS_UNDEFINED;
  }
  free_string(js, request.source);
  free_string(js, request.target);
  free_string(js, request.type);
  free_string(js, request.data);
  free_string(js, request.cwd);
  return result;
}

/* `strings` alternates keys and values; '' as value makes a flag. */
static JSValue mount_new(JSContext *js, struct mount_fs_request *request, char **strings, size_t count) {
  struct mount_parameter *parameters = js_mallocz(js, (count / 2 + 1) * sizeof *parameters);
  if (!parameters) return JS_EXCEPTION;
  for (size_t i = 0; i < count / 2; i++) {
    const char *value = strings[2 * i + 1];
    parameters[i] = (struct mount_parameter){strings[2 * i], *value ? value : NULL};
  }
  request->parameters = parameters;
  request->count = count / 2;
  const char *stage = NULL;
  int error = mount_by_parameters(request, &stage);
  js_free(js, parameters);
  return error ? throw_system_error(js, error, stage, request->target) : JS_UNDEFINED;
}

/* mountByParameters(source, target, type, attributes, [key, value, …]) */
static JSValue parameters_call(JSContext *js, JSValueConst self, int count, JSValueConst *arguments) {
  (void)self, (void)count;
  struct mount_fs_request request = {0};
  int64_t attributes;
  char **strings = NULL;
  size_t string_count;
  JSValue result = JS_EXCEPTION;
  if (read_string(js, arguments[0], &request.source) && read_string(js, arguments[1], &request.target) &&
      read_string(js, arguments[2], &request.type) && read_int64(js, arguments[3], &attributes) &&
      read_strings(js, arguments[4], &strings, &string_count)) {
    request.attributes = (unsigned)attributes;
    result = mount_new(js, &request, strings, string_count);
  }
  free_string(js, request.source);
  free_string(js, request.target);
  free_string(js, request.type);
  free_strings(js, strings);
  return result;
}

/* unmount(target, flags) */
static JSValue unmount_call(JSContext *js, JSValueConst self, int count, JSValueConst *arguments) {
  (void)self, (void)count;
  const char *target;
  int flags;
  if (!read_int(js, arguments[1], &flags) || !read_string(js, arguments[0], &target)) return JS_EXCEPTION;
  JSValue result = umount2(target, flags) == 0 ? JS_UNDEFINED : throw_system_error(js, errno, "umount2", target);
  JS_FreeCString(js, target);
  return result;
}

static const JSCFunctionListEntry calls[] = {
    JS_CFUNC_DEF("mount", 6, mount_call),
    JS_CFUNC_DEF("mountByParameters", 5, parameters_call),
    JS_CFUNC_DEF("unmount", 2, unmount_call),
};

void bind_mounts(JSContext *js, JSValueConst host) { BIND(js, host, calls); }

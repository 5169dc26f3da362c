#include <errno.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "bindings.h"
#include "values.h"

enum { largest_read = 1 << 16 };

/* eventFd(): fd */
static JSValue event_fd_call(JSContext *js, JSValueConst self, int count, JSValueConst *arguments) {
  (void)self, (void)count, (void)arguments;
  int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  return fd >= 0 ? JS_NewInt32(js, fd) : throw_system_error(js, errno, "eventfd", NULL);
}

/* readAt(fd, offset, most): Uint8Array */
static JSValue read_at_call(JSContext *js, JSValueConst self, int count, JSValueConst *arguments) {
  (void)self, (void)count;
  int fd;
  int64_t offset;
  size_t most;
  if (!read_int(js, arguments[0], &fd) || !read_int64(js, arguments[1], &offset) || !read_size(js, arguments[2], largest_read, &most)) return JS_EXCEPTION;
  uint8_t *bytes = js_malloc(js, most ? most : 1);
  if (!bytes) return JS_EXCEPTION;
  ssize_t length;
  do length = pread(fd, bytes, most, offset);
  while (length < 0 && errno == EINTR);
  if (length < 0) {
    int error = errno;
    js_free(js, bytes);
    return throw_system_error(js, error, "pread", NULL);
  }
  uint8_t *fitting = js_realloc(js, bytes, length ? (size_t)length : 1);
  if (!fitting) {
    js_free(js, bytes);
    return JS_EXCEPTION;
  }
  return make_bytes(js, fitting, (size_t)length);
}

/* watchPath(path, events): fd */
static JSValue watch_path_call(JSContext *js, JSValueConst self, int count, JSValueConst *arguments) {
  (void)self, (void)count;
  const char *path;
  int64_t events;
  if (!read_int64(js, arguments[1], &events) || !read_string(js, arguments[0], &path)) return JS_EXCEPTION;
  int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
  JSValue result;
  if (fd < 0) {
    result = throw_system_error(js, errno, "inotify_init1", NULL);
  } else if (inotify_add_watch(fd, path, (uint32_t)events) < 0) {
    int error = errno;
    close(fd);
    result = throw_system_error(js, error, "inotify_add_watch", path);
  } else {
    result = JS_NewInt32(js, fd);
  }
  JS_FreeCString(js, path);
  return result;
}

static const JSCFunctionListEntry calls[] = {
    JS_CFUNC_DEF("eventFd", 0, event_fd_call),
    JS_CFUNC_DEF("readAt", 3, read_at_call),
    JS_CFUNC_DEF("watchPath", 2, watch_path_call),
};

void bind_cgroups(JSContext *js, JSValueConst host) { BIND(js, host, calls); }

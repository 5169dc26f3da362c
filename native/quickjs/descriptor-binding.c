#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "bindings.h"
#include "values.h"

enum { largest_read = 1 << 24 };

/* open(path, flags, mode): fd. Never a controlling terminal: a shim leads its session, and would get one by opening it. */
static JSValue open_call(JSContext *js, JSValueConst self, int count, JSValueConst *arguments) {
  (void)self, (void)count;
  const char *path;
  int flags, mode;
  if (!read_int(js, arguments[1], &flags) || !read_int(js, arguments[2], &mode) || !read_string(js, arguments[0], &path)) return JS_EXCEPTION;
  int fd = open(path, flags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, mode);
  JSValue result = fd >= 0 ? JS_NewInt32(js, fd) : throw_system_error(js, errno, "open", path);
  JS_FreeCString(js, path);
  return result;
}

/* close(fd) */
static JSValue close_call(JSContext *js, JSValueConst self, int count, JSValueConst *arguments) {
  (void)self, (void)count;
  int fd;
  if (!read_int(js, arguments[0], &fd)) return JS_EXCEPTION;
  /* Linux has closed it, whatever it answers; only a wrong number is a mistake. */
  return close(fd) == 0 || errno != EBADF ? JS_UNDEFINED : throw_system_error(js, EBADF, "close", NULL);
}

/* read(fd, most): Uint8Array | null */
static JSValue read_call(JSContext *js, JSValueConst self, int count, JSValueConst *arguments) {
  (void)self, (void)count;
  int fd;
  size_t most;
  if (!read_int(js, arguments[0], &fd) || !read_size(js, arguments[1], largest_read, &most)) return JS_EXCEPTION;
  /* Memory that nothing was written to costs nothing; what is left over goes back at once. */
  uint8_t *bytes = js_malloc(js, most ? most : 1);
  if (!bytes) return JS_EXCEPTION;
  ssize_t length;
  do length = read(fd, bytes, most);
  while (length < 0 && errno == EINTR);
  if (length < 0) {
    int error = errno;
    js_free(js, bytes);
    return error == EAGAIN ? JS_NULL : throw_system_error(js, error, "read", NULL);
  }
  uint8_t *fitting = js_realloc(js, bytes, length ? (size_t)length : 1);
  if (!fitting) {
    js_free(js, bytes);
    return JS_EXCEPTION;
  }
  return make_bytes(js, fitting, (size_t)length);
}

/* write(fd, bytes): how many were taken */
static JSValue write_call(JSContext *js, JSValueConst self, int count, JSValueConst *arguments) {
  (void)self, (void)count;
  int fd;
  const uint8_t *bytes;
  size_t length;
  if (!read_int(js, arguments[0], &fd) || !read_bytes(js, arguments[1], &bytes, &length)) return JS_EXCEPTION;
  ssize_t written;
  do written = write(fd, bytes, length);
  while (written < 0 && errno == EINTR);
  if (written < 0 && errno != EAGAIN) return throw_system_error(js, errno, "write", NULL);
  return JS_NewInt64(js, written < 0 ? 0 : written);
}

/* pipe(): [read end, write end] */
static JSValue pipe_call(JSContext *js, JSValueConst self, int count, JSValueConst *arguments) {
  (void)self, (void)count, (void)arguments;
  int ends[2];
  if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) return throw_system_error(js, errno, "pipe2", NULL);
  JSValue result = make_ints(js, ends, 2);
  if (JS_IsException(result)) {
    close(ends[0]);
    close(ends[1]);
  }
  return result;
}

/* changeOwner(fd, uid, gid) */
static JSValue change_owner_call(JSContext *js, JSValueConst self, int count, JSValueConst *arguments) {
  (void)self, (void)count;
  int fd;
  int64_t uid, gid;
  if (!read_int(js, arguments[0], &fd) || !read_int64(js, arguments[1], &uid) || !read_int64(js, arguments[2], &gid)) return JS_EXCEPTION;
  return fchown(fd, (uid_t)uid, (gid_t)gid) == 0 ? JS_UNDEFINED : throw_system_error(js, errno, "fchown", NULL);
}

/* duplicate(fd): fd */
static JSValue duplicate_call(JSContext *js, JSValueConst self, int count, JSValueConst *arguments) {
  (void)self, (void)count;
  int fd;
  if (!read_int(js, arguments[0], &fd)) return JS_EXCEPTION;
  int copy = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
  return copy >= 0 ? JS_NewInt32(js, copy) : throw_system_error(js, errno, "fcntl", NULL);
}

/* setWindowSize(fd, columns, rows) */
static JSValue set_window_size_call(JSContext *js, JSValueConst self, int count, JSValueConst *arguments) {
  (void)self, (void)count;
  int fd;
  size_t columns, rows;
  if (!read_int(js, arguments[0], &fd) || !read_size(js, arguments[1], UINT16_MAX, &columns) || !read_size(js, arguments[2], UINT16_MAX, &rows)) return JS_EXCEPTION;
  struct winsize size = {.ws_col = (uint16_t)columns, .ws_row = (uint16_t)rows};
  return ioctl(fd, TIOCSWINSZ, &size) == 0 ? JS_UNDEFINED : throw_system_error(js, errno, "ioctl", NULL);
}

static const JSCFunctionListEntry calls[] = {
    JS_CFUNC_DEF("open", 3, open_call),
    JS_CFUNC_DEF("close", 1, close_call),
    JS_CFUNC_DEF("read", 2, read_call),
    JS_CFUNC_DEF("write", 2, write_call),
    JS_CFUNC_DEF("pipe", 0, pipe_call),
    JS_CFUNC_DEF("changeOwner", 3, change_owner_call),
    JS_CFUNC_DEF("duplicate", 1, duplicate_call),
    JS_CFUNC_DEF("setWindowSize", 3, set_window_size_call),
};

void bind_descriptors(JSContext *js, JSValueConst host) { BIND(js, host, calls); }

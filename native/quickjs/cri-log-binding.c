#include <errno.h>
#include <stdlib.h>

#include "bindings.h"
#include "callback.h"
#include "cri-log-handles.h"
#include "handles.h"
#include "values.h"

static struct handles logs;

struct log_handle *log_handle_of(JSContext *js, JSValueConst value) {
  int64_t handle;
  if (!read_int64(js, value, &handle)) return NULL;
  struct log_handle *found = handles_find(&logs, (uint64_t)handle);
  if (!found) throw_system_error(js, EBADF, "log", NULL);
  return found;
}

/* openLog(path, longest line): handle */
static JSValue open_log_call(JSContext *js, JSValueConst self, int count, JSValueConst *arguments) {
  (void)self, (void)count;
  const char *path;
  size_t most;
  if (!read_size(js, arguments[1], cri_log_longest_line, &most) || !read_string(js, arguments[0], &path)) return JS_EXCEPTION;
  struct log_handle *made = calloc(1, sizeof *made);
  int error = 0;
  if (made) made->log = cri_log_open(path, most);
  if (!made || !made->log) error = made ? errno : ENOMEM;
  uint64_t handle = error ? 0 : handles_add(&logs, made);
  if (!error && !handle) {
    cri_log_close(made->log);
    error = ENOMEM;
  }
  if (error) free(made);
  JSValue result = error ? throw_system_error(js, error, "open", path) : JS_NewInt64(js, (int64_t)handle);
  JS_FreeCString(js, path);
  return result;
}

/* reopenLog(log) */
static JSValue reopen_log_call(JSContext *js, JSValueConst self, int count, JSValueConst *arguments) {
  (void)self, (void)count;
  const struct log_handle *handle = log_handle_of(js, arguments[0]);
  if (!handle) return JS_EXCEPTION;
  int error = cri_log_reopen(handle->log);
  return error ? throw_system_error(js, error, "open", NULL) : JS_UNDEFINED;
}

/* closeLog(log) */
static JSValue close_log_call(JSContext *js, JSValueConst self, int count, JSValueConst *arguments) {
  (void)self, (void)count;
  int64_t number;
  if (!read_int64(js, arguments[0], &number)) return JS_EXCEPTION;
  struct log_handle *handle = handles_find(&logs, (uint64_t)number);
  if (!handle) return JS_UNDEFINED;
  if (handle->feeders > 0) return throw_system_error(js, EBUSY, "close", NULL);
  handles_remove(&logs, (uint64_t)number);
  cri_log_close(handle->log);
  free(handle);
  return JS_UNDEFINED;
}

/* logState(log): {written, lost, error} */
static JSValue log_state_call(JSContext *js, JSValueConst self, int count, JSValueConst *arguments) {
  (void)self, (void)count;
  const struct log_handle *handle = log_handle_of(js, arguments[0]);
  if (!handle) return JS_EXCEPTION;
  struct cri_log_state state = cri_log_state(handle->log);
  JSValue result = JS_NewObject(js);
  if (JS_IsException(result)) return result;
  if (set_number(js, result, "written", (int64_t)state.written) && set_number(js, result, "lost", (int64_t)state.lost) &&
      set_number(js, result, "error", state.error)) {
    return result;
  }
  JS_FreeValue(js, result);
  return JS_EXCEPTION;
}

static void reader_gone(void *data, int reason) {
  const int64_t number = reason;
  callback_finish(data, 1, &number);
}

/* attachReader(log, stderr, fd, left) */
static JSValue attach_reader_call(JSContext *js, JSValueConst self, int count, JSValueConst *arguments) {
  (void)self, (void)count;
  int fd;
  const struct log_handle *handle = log_handle_of(js, arguments[0]);
  if (!handle || !read_int(js, arguments[2], &fd)) return JS_EXCEPTION;
  struct callback *left = callback_new(js, arguments[3]);
  if (!left) return JS_EXCEPTION;
  int error = cri_log_attach(cri_log_stream(handle->log, JS_ToBool(js, arguments[1])), fd, reader_gone, left);
  if (!error) return JS_UNDEFINED;
  callback_free(left);
  return throw_system_error(js, error, "epoll_ctl", NULL);
}

static const JSCFunctionListEntry calls[] = {
    JS_CFUNC_DEF("openLog", 2, open_log_call),   JS_CFUNC_DEF("reopenLog", 1, reopen_log_call),
    JS_CFUNC_DEF("closeLog", 1, close_log_call), JS_CFUNC_DEF("logState", 1, log_state_call),
    JS_CFUNC_DEF("attachReader", 4, attach_reader_call),
};

void bind_logs(JSContext *js, JSValueConst host) { BIND(js, host, calls); }

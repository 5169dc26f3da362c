#include <errno.h>
#include <stdlib.h>

#include "bindings.h"
#include "callback.h"
#include "cri-log-handles.h"
#include "handles.h"
#include "relay.h"
#include "values.h"

/* The numbers of shim/host/relay-kind.ts. */
enum { kind_terminal = 1, kind_lossy = 2 };

struct relay_handle {
  struct relay *relay;
  struct log_handle *log; /* that it feeds, or NULL */
  struct callback *ended;
  uint64_t number;
};

static struct handles relays;

static struct callback *forget(struct relay_handle *handle) {
  struct callback *ended = handle->ended;
  handles_remove(&relays, handle->number);
  if (handle->log) handle->log->feeders--;
  free(handle);
  return ended;
}

static void relay_is_over(void *data, const struct relay_outcome *outcome) {
  const int64_t numbers[] = {outcome->error, (int64_t)outcome->moved, (int64_t)outcome->lost};
  callback_finish(forget(data), 3, numbers);
}

static JSValue start(JSContext *js, struct relay_request *request, struct log_handle *log, int kind, JSValueConst function) {
  struct callback *ended = callback_new(js, function);
  if (!ended) return JS_EXCEPTION;
  struct relay_handle *handle = calloc(1, sizeof *handle);
  int error = handle ? 0 : ENOMEM;
  if (!error) {
    handle->log = log;
    handle->ended = ended;
    handle->number = handles_add(&relays, handle);
    if (!handle->number) error = ENOMEM;
  }
  if (!error) {
    request->terminal = kind & kind_terminal;
    request->lossy = kind & kind_lossy;
    request->ended = relay_is_over;
    request->data = handle;
    handle->relay = relay_start(request);
    if (!handle->relay) error = errno;
  }
  if (!error) {
    if (log) log->feeders++;
    return JS_NewInt64(js, (int64_t)handle->number);
  }
  if (handle) handles_remove(&relays, handle->number);
  free(handle);
  callback_free(ended);
  return throw_system_error(js, error, "epoll_ctl", NULL);
}

/* startRelay(source, sink | -1, kind, ended): handle */
static JSValue start_relay_call(JSContext *js, JSValueConst self, int count, JSValueConst *arguments) {
  (void)self, (void)count;
  struct relay_request request = {0};
  int kind;
  if (!read_int(js, arguments[0], &request.source) || !read_int(js, arguments[1], &request.sink) || !read_int(js, arguments[2], &kind)) return JS_EXCEPTION;
  return start(js, &request, NULL, kind, arguments[3]);
}

/* startLogRelay(source, log, stderr, kind, ended): handle */
static JSValue start_log_relay_call(JSContext *js, JSValueConst self, int count, JSValueConst *arguments) {
  (void)self, (void)count;
  struct relay_request request = {.sink = -1};
  int kind;
  struct log_handle *log = log_handle_of(js, arguments[1]);
  if (!log || !read_int(js, arguments[0], &request.source) || !read_int(js, arguments[3], &kind)) return JS_EXCEPTION;
  request.log = cri_log_stream(log->log, JS_ToBool(js, arguments[2]));
  return start(js, &request, log, kind, arguments[4]);
}

static struct relay_handle *handle_of(JSContext *js, JSValueConst value, bool *failed) {
  int64_t number;
  *failed = !read_int64(js, value, &number);
  return *failed ? NULL : handles_find(&relays, (uint64_t)number);
}

/* stopRelay(relay) */
static JSValue stop_relay_call(JSContext *js, JSValueConst self, int count, JSValueConst *arguments) {
  (void)self, (void)count;
  bool failed;
  struct relay_handle *handle = handle_of(js, arguments[0], &failed);
  if (failed) return JS_EXCEPTION;
  if (!handle) return JS_UNDEFINED;
  relay_stop(handle->relay);
  callback_free(forget(handle));
  return JS_UNDEFINED;
}

/* finishRelay(relay) */
static JSValue finish_relay_call(JSContext *js, JSValueConst self, int count, JSValueConst *arguments) {
  (void)self, (void)count;
  bool failed;
  const struct relay_handle *handle = handle_of(js, arguments[0], &failed);
  if (failed) return JS_EXCEPTION;
  if (handle) relay_finish(handle->relay);
  return JS_UNDEFINED;
}

static const JSCFunctionListEntry calls[] = {
    JS_CFUNC_DEF("startRelay", 4, start_relay_call),   JS_CFUNC_DEF("startLogRelay", 5, start_log_relay_call),
    JS_CFUNC_DEF("stopRelay", 1, stop_relay_call),     JS_CFUNC_DEF("finishRelay", 1, finish_relay_call),
};

void bind_relays(JSContext *js, JSValueConst host) { BIND(js, host, calls); }

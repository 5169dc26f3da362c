#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>

#include "bindings.h"
#include "callback.h"
#include "engine.h"
#include "loop.h"
#include "values.h"

/* The numbers of shim/host/watch-for.ts. */
enum { reading = 1, writing = 2, urgent = 4 };

static void expired(void *data) {
  callback_finish(data, 0, NULL);
}

static uint32_t events_of(int interest) {
  return (interest & reading ? EPOLLIN : 0) | (interest & writing ? EPOLLOUT : 0) | (interest & urgent ? EPOLLPRI : 0);
}

static int interest_of(uint32_t events) {
  int all = events & (EPOLLERR | EPOLLHUP) ? reading | writing : 0;
  return all | (events & EPOLLIN ? reading : 0) | (events & EPOLLOUT ? writing : 0) | (events & EPOLLPRI ? urgent : 0);
}

static void ready(void *data, uint32_t events) {
  struct callback *callback = data;
  /* The watch may be ended meanwhile. */
  JSContext *js = callback->js;
  JSValue function = JS_DupValue(js, callback->function);
  uint64_t watch = callback->watch;
  JSValueConst argument = JS_NewInt32(js, interest_of(events));
  /* What it did not deal with would come again at once, and for ever. */
  if (!engine_call(function, 1, &argument)) loop_change_watch(watch, 0);
  JS_FreeValue(js, function);
}

/* setTimer(milliseconds, callback): handle */
static JSValue set_timer_call(JSContext *js, JSValueConst self, int count, JSValueConst *arguments) {
  (void)self, (void)count;
  double milliseconds;
  if (JS_ToFloat64(js, &milliseconds, arguments[0]) != 0) return JS_EXCEPTION;
  struct callback *callback = callback_new(js, arguments[1]);
  if (!callback) return JS_EXCEPTION;
  uint64_t whole = milliseconds >= 1e12 ? 1000000000000u : milliseconds > 0 ? (uint64_t)milliseconds : 0;
  if ((double)whole < milliseconds) whole++;
  uint64_t handle = loop_set_timer(whole, expired, callback);
  if (handle) return JS_NewInt64(js, (int64_t)handle);
  callback_free(callback);
  return throw_system_error(js, ENOMEM, "setTimer", NULL);
}

/* clearTimer(timer) */
static JSValue clear_timer_call(JSContext *js, JSValueConst self, int count, JSValueConst *arguments) {
  (void)self, (void)count;
  int64_t handle;
  if (!read_int64(js, arguments[0], &handle)) return JS_EXCEPTION;
  callback_free(loop_clear_timer((uint64_t)handle));
  return JS_UNDEFINED;
}

/* watch(fd, interest, callback): handle */
static JSValue watch_call(JSContext *js, JSValueConst self, int count, JSValueConst *arguments) {
  (void)self, (void)count;
  int fd, interest;
  if (!read_int(js, arguments[0], &fd) || !read_int(js, arguments[1], &interest)) return JS_EXCEPTION;
  struct callback *callback = callback_new(js, arguments[2]);
  if (!callback) return JS_EXCEPTION;
  uint64_t handle = loop_watch(fd, events_of(interest), ready, callback);
  callback->watch = handle;
  if (handle) return JS_NewInt64(js, (int64_t)handle);
  int error = errno;
  callback_free(callback);
  return throw_system_error(js, error, "epoll_ctl", NULL);
}

/* changeWatch(watch, interest) */
static JSValue change_watch_call(JSContext *js, JSValueConst self, int count, JSValueConst *arguments) {
  (void)self, (void)count;
  int64_t handle;
  int interest;
  if (!read_int64(js, arguments[0], &handle) || !read_int(js, arguments[1], &interest)) return JS_EXCEPTION;
  int error = loop_change_watch((uint64_t)handle, events_of(interest));
  return error && error != ENOENT ? throw_system_error(js, error, "epoll_ctl", NULL) : JS_UNDEFINED;
}

/* endWatch(watch) */
static JSValue end_watch_call(JSContext *js, JSValueConst self, int count, JSValueConst *arguments) {
  (void)self, (void)count;
  int64_t handle;
  if (!read_int64(js, arguments[0], &handle)) return JS_EXCEPTION;
  callback_free(loop_end_watch((uint64_t)handle));
  return JS_UNDEFINED;
}

static const JSCFunctionListEntry calls[] = {
    JS_CFUNC_DEF("setTimer", 2, set_timer_call),
    JS_CFUNC_DEF("clearTimer", 1, clear_timer_call),
    JS_CFUNC_DEF("watch", 3, watch_call),
    JS_CFUNC_DEF("changeWatch", 2, change_watch_call),
    JS_CFUNC_DEF("endWatch", 1, end_watch_call),
};

void bind_loop(JSContext *js, JSValueConst host) { BIND(js, host, calls); }

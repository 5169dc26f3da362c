#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "bindings.h"
#include "log.h"
#include "timers.h"
#include "values.h"

/* exit(code) */
static JSValue exit_call(JSContext *js, JSValueConst self, int count, JSValueConst *arguments) {
  (void)self, (void)count;
  int code;
  if (!read_int(js, arguments[0], &code)) return JS_EXCEPTION;
  /* Nothing of ours waits in a buffer, and a library's handlers are of no use any more. */
#ifdef __SANITIZE_ADDRESS__
  /* Which looks for what leaked. */
  exit(code);
#endif
  _exit(code);
}

static JSValue pid_call(JSContext *js, JSValueConst self, int count, JSValueConst *arguments) {
  (void)self, (void)count, (void)arguments;
  return JS_NewInt32(js, getpid());
}

/* log(line) */
static JSValue log_call(JSContext *js, JSValueConst self, int count, JSValueConst *arguments) {
  (void)self, (void)count;
  const char *line = JS_ToCString(js, arguments[0]);
  if (!line) return JS_EXCEPTION;
  log_text(line);
  JS_FreeCString(js, line);
  return JS_UNDEFINED;
}

/* kill(pid, signal) */
static JSValue kill_call(JSContext *js, JSValueConst self, int count, JSValueConst *arguments) {
  (void)self, (void)count;
  int pid, signal;
  if (!read_int(js, arguments[0], &pid) || !read_int(js, arguments[1], &signal)) return JS_EXCEPTION;
  return kill(pid, signal) == 0 ? JS_UNDEFINED : throw_system_error(js, errno, "kill", NULL);
}

static JSValue subreaper_call(JSContext *js, JSValueConst self, int count, JSValueConst *arguments) {
  (void)self, (void)count, (void)arguments;
  return prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0 ? JS_UNDEFINED : throw_system_error(js, errno, "prctl", NULL);
}

static JSValue share_cores_call(JSContext *js, JSValueConst self, int count, JSValueConst *arguments) {
  (void)self, (void)count, (void)arguments;
  /* The third scope is a process group. */
  return prctl(PR_SCHED_CORE, PR_SCHED_CORE_CREATE, 0, 2, 0) == 0 ? JS_UNDEFINED : throw_system_error(js, errno, "prctl", NULL);
}

static JSValue now_call(JSContext *js, JSValueConst self, int count, JSValueConst *arguments) {
  (void)self, (void)count, (void)arguments;
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return JS_NewBigInt64(js, now.tv_sec * INT64_C(1000000000) + now.tv_nsec);
}

static JSValue monotonic_call(JSContext *js, JSValueConst self, int count, JSValueConst *arguments) {
  (void)self, (void)count, (void)arguments;
  return JS_NewBigInt64(js, (int64_t)timers_now());
}

static const JSCFunctionListEntry calls[] = {
    JS_CFUNC_DEF("exit", 1, exit_call),
    JS_CFUNC_DEF("pid", 0, pid_call),
    JS_CFUNC_DEF("log", 1, log_call),
    JS_CFUNC_DEF("kill", 2, kill_call),
    JS_CFUNC_DEF("becomeSubreaper", 0, subreaper_call),
    JS_CFUNC_DEF("shareCores", 0, share_cores_call),
    JS_CFUNC_DEF("now", 0, now_call),
    JS_CFUNC_DEF("monotonic", 0, monotonic_call),
};

void bind_process(JSContext *js, JSValueConst host) { BIND(js, host, calls); }

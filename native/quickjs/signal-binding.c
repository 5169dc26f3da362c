#include <errno.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "bindings.h"
#include "engine.h"
#include "loop.h"
#include "values.h"

enum { batch = 8 };

/* NULL until somebody listens. */
static JSContext *context;
static JSValue callback;
static int descriptor = -1;

static void ready(void *data, uint32_t events) {
  (void)data, (void)events;
  struct signalfd_siginfo signals[batch];
  ssize_t length = read(descriptor, signals, sizeof signals);
  /* Those that did not fit are told in the next turn. */
  for (ssize_t i = 0; i < length / (ssize_t)sizeof signals[0]; i++) {
    JSValueConst argument = JS_NewInt32(context, (int32_t)signals[i].ssi_signo);
    engine_call(callback, 1, &argument);
    engine_run_jobs();
  }
}

static int take(JSContext *js, JSValueConst function, const sigset_t *set) {
  descriptor = signalfd(-1, set, SFD_CLOEXEC | SFD_NONBLOCK);
  if (descriptor < 0) return errno;
  if (!loop_watch(descriptor, EPOLLIN, ready, NULL) || sigprocmask(SIG_BLOCK, set, NULL) != 0) {
    int error = errno;
    close(descriptor);
    return error;
  }
  context = js;
  callback = JS_DupValue(js, function);
  return 0;
}

/* onSignal(signals, callback) */
static JSValue on_signal_call(JSContext *js, JSValueConst self, int count, JSValueConst *arguments) {
  (void)self, (void)count;
  if (context) return JS_ThrowTypeError(js, "onSignal is called once");
  if (!JS_IsFunction(js, arguments[1])) return JS_ThrowTypeError(js, "a function is needed");
  int *signals;
  size_t signal_count;
  if (!read_ints(js, arguments[0], &signals, &signal_count)) return JS_EXCEPTION;
  sigset_t set;
  int error = 0;
  sigemptyset(&set);
  for (size_t i = 0; i < signal_count; i++) {
    if (sigaddset(&set, signals[i]) != 0) error = errno;
  }
  js_free(js, signals);
  if (!error) error = take(js, arguments[1], &set);
  return error ? throw_system_error(js, error, "signalfd", NULL) : JS_UNDEFINED;
}

static const JSCFunctionListEntry calls[] = {
    JS_CFUNC_DEF("onSignal", 2, on_signal_call),
};

void bind_signals(JSContext *js, JSValueConst host) { BIND(js, host, calls); }

#include <errno.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bindings.h"
#include "spawn.h"
#include "values.h"

struct spawn_arguments {
  const char *file, *cwd;
  char **argv, **environment;
  int *fds;
  size_t fd_count;
  bool new_group, dies_with_us;
};

static bool read_arguments(JSContext *js, JSValueConst *arguments, struct spawn_arguments *result) {
  size_t count;
  result->new_group = JS_ToBool(js, arguments[5]);
  result->dies_with_us = JS_ToBool(js, arguments[6]);
  return read_string(js, arguments[0], &result->file) && read_strings(js, arguments[1], &result->argv, &count) &&
         read_strings(js, arguments[2], &result->environment, &count) &&
         read_string_or_null(js, arguments[3], &result->cwd) && read_ints(js, arguments[4], &result->fds, &result->fd_count);
}

static JSValue start(JSContext *js, const struct spawn_arguments *arguments) {
  size_t count = arguments->fd_count / 2;
  struct spawn_fd *fds = js_malloc(js, (count + 1) * sizeof *fds);
  if (!fds) return JS_EXCEPTION;
  for (size_t i = 0; i < count; i++) fds[i] = (struct spawn_fd){arguments->fds[2 * i], arguments->fds[2 * i + 1]};
  struct spawn_request request = {
      arguments->file, arguments->argv, arguments->environment, arguments->cwd, fds, count, arguments->new_group,
      arguments->dies_with_us,
  };
  struct spawn_result started;
  int error = spawn_process(&request, &started);
  js_free(js, fds);
  if (error) return throw_system_error(js, error, started.stage, strcmp(started.stage, "chdir") == 0 ? arguments->cwd : arguments->file);
  close(started.pidfd);
  return JS_NewInt32(js, started.pid);
}

/* spawn(file, argv, environment, cwd | null, [child, source, …], newGroup, diesWithUs): pid */
static JSValue spawn_call(JSContext *js, JSValueConst self, int count, JSValueConst *arguments) {
  (void)self, (void)count;
  struct spawn_arguments given = {0};
  JSValue result = read_arguments(js, arguments, &given) ? start(js, &given) : JS_EXCEPTION;
  free_string(js, given.file);
  free_string(js, given.cwd);
  free_strings(js, given.argv);
  free_strings(js, given.environment);
  js_free(js, given.fds);
  return result;
}

/* reap(): {pid, status} | null */
static JSValue reap_call(JSContext *js, JSValueConst self, int count, JSValueConst *arguments) {
  (void)self, (void)count, (void)arguments;
  /* Made first: an exit that was taken from the kernel must not be lost for want of memory. */
  JSValue result = JS_NewObject(js);
  if (JS_IsException(result) || !set_number(js, result, "pid", 0) || !set_number(js, result, "status", 0)) {
    JS_FreeValue(js, result);
    return JS_EXCEPTION;
  }
  int status, error = 0;
  pid_t pid = waitpid(-1, &status, WNOHANG);
  if (pid < 0) error = errno;
  if (pid > 0) {
    set_number(js, result, "pid", pid);
    set_number(js, result, "status", WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
    return result;
  }
  JS_FreeValue(js, result);
  return error && error != ECHILD ? throw_system_error(js, error, "waitpid", NULL) : JS_NULL;
}

static const JSCFunctionListEntry calls[] = {
    JS_CFUNC_DEF("spawn", 7, spawn_call),
    JS_CFUNC_DEF("reap", 0, reap_call),
};

void bind_children(JSContext *js, JSValueConst host) { BIND(js, host, calls); }

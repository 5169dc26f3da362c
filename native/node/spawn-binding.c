#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uv.h>

#include "args.h"
#include "bindings.h"
#include "spawn.h"

/* spawn(file, argv, envp, cwd | null, Int32Array of (child, source)…, newGroup): {pid, pidfd} */
static napi_value spawn_call(napi_env env, napi_callback_info info) {
  struct args args;
  args_begin(&args, env, info, 6);
  char *file = args_string(&args, 0);
  char **argv = args_strings(&args, 1, NULL);
  char **envp = args_strings(&args, 2, NULL);
  char *cwd = args_string(&args, 3);
  bool new_group = args_bool(&args, 5);
  napi_typedarray_type type = napi_int32_array;
  size_t length = 0;
  void *fds = NULL;
  if (!args.failed && (napi_get_typedarray_info(env, args.values[4], &type, &length, &fds, NULL, NULL) != napi_ok || type != napi_int32_array)) {
    napi_throw_type_error(env, "ERR_INVALID_ARG_TYPE", "an Int32Array is needed");
    args.failed = true;
  }
  napi_value result = NULL;
  if (!args.failed) {
    struct spawn_request request = {file, argv, envp, cwd, fds, length / 2, new_group, false};
    struct spawn_result started;
    int error = spawn_process(&request, &started);
    if (error) {
      error_throw(env, error, started.stage, strcmp(started.stage, "chdir") == 0 ? cwd : file);
    } else {
      napi_create_object(env, &result);
      set_int(env, result, "pid", started.pid);
      set_int(env, result, "pidfd", started.pidfd);
    }
  }
  free(file);
  free(cwd);
  args_free_strings(argv);
  args_free_strings(envp);
  return result;
}

/* Waits for one process on the event loop of the thread that asked. */
struct exit_watch {
  uv_poll_t poll;
  napi_env env;
  napi_ref callback;
  napi_async_context context;
  napi_async_cleanup_hook_handle cleanup;
  int pidfd;
};

static void watch_closed(uv_handle_t *handle) {
  struct exit_watch *watch = handle->data;
  napi_remove_async_cleanup_hook(watch->cleanup);
  free(watch);
}

static void watch_cleanup(napi_async_cleanup_hook_handle handle, void *data) {
  (void)handle;
  struct exit_watch *watch = data;
  if (!uv_is_closing((uv_handle_t *)&watch->poll)) uv_close((uv_handle_t *)&watch->poll, watch_closed);
}

static void report_exit(struct exit_watch *watch, int error, const siginfo_t *status) {
  napi_env env = watch->env;
  napi_handle_scope scope;
  napi_value callback, receiver, values[3];
  napi_open_handle_scope(env, &scope);
  bool by_signal = status->si_code == CLD_KILLED || status->si_code == CLD_DUMPED;
  values[0] = make_int(env, error);
  values[1] = make_int(env, by_signal ? -1 : status->si_status);
  values[2] = make_int(env, by_signal ? status->si_status : -1);
  napi_get_reference_value(env, watch->callback, &callback);
  napi_create_object(env, &receiver);
  napi_make_callback(env, watch->context, receiver, callback, 3, values, NULL);
  napi_close_handle_scope(env, scope);
}

static void watch_ready(uv_poll_t *poll, int status, int events) {
  (void)status;
  (void)events;
  struct exit_watch *watch = poll->data;
  siginfo_t info = {0};
  int failed = waitid(P_PIDFD, watch->pidfd, &info, WEXITED | WNOHANG);
  if (failed && errno == EINTR) return;
  if (!failed && info.si_pid == 0) return;
  int error = failed ? errno : 0;
  uv_poll_stop(poll);
  report_exit(watch, error, &info);
  napi_handle_scope scope;
  napi_open_handle_scope(watch->env, &scope);
  napi_delete_reference(watch->env, watch->callback);
  napi_async_destroy(watch->env, watch->context);
  napi_close_handle_scope(watch->env, scope);
  if (!uv_is_closing((uv_handle_t *)poll)) uv_close((uv_handle_t *)poll, watch_closed);
}

/* watchExit(pidfd, (errno, code | -1, signal | -1) => void): reaps the child; the descriptor stays the caller's. */
static napi_value watch_exit(napi_env env, napi_callback_info info) {
  struct args args;
  args_begin(&args, env, info, 2);
  int pidfd = args_int(&args, 0);
  if (args.failed) return NULL;
  uv_loop_t *loop;
  struct exit_watch *watch = calloc(1, sizeof *watch);
  if (!watch || napi_get_uv_event_loop(env, &loop) != napi_ok) {
    free(watch);
    error_throw(env, ENOMEM, "uv_poll_init", NULL);
    return NULL;
  }
  int error = uv_poll_init(loop, &watch->poll, pidfd);
  if (error) {
    free(watch);
    error_throw(env, -error, "uv_poll_init", NULL);
    return NULL;
  }
  watch->poll.data = watch;
  watch->env = env;
  watch->pidfd = pidfd;
  napi_value name;
  napi_create_string_utf8(env, "gantry:exit", NAPI_AUTO_LENGTH, &name);
  napi_create_reference(env, args.values[1], 1, &watch->callback);
  napi_async_init(env, NULL, name, &watch->context);
  napi_add_async_cleanup_hook(env, watch_cleanup, watch, &watch->cleanup);
  uv_poll_start(&watch->poll, UV_READABLE, watch_ready);
  return NULL;
}

void export_spawn(napi_env env, napi_value exports) {
  export_function(env, exports, "spawn", spawn_call);
  export_function(env, exports, "watchExit", watch_exit);
}

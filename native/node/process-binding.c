#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "args.h"
#include "bindings.h"
#include "process-handle.h"
#include "start-conditions.h"

/* pipe(): [read end, write end], close-on-exec */
static napi_value pipe_call(napi_env env, napi_callback_info info) {
  (void)info;
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) {
    error_throw(env, errno, "pipe2", NULL);
    return NULL;
  }
  napi_value result;
  napi_create_array_with_length(env, 2, &result);
  napi_set_element(env, result, 0, make_int(env, ends[0]));
  napi_set_element(env, result, 1, make_int(env, ends[1]));
  return result;
}

/* close(fd): Node's own close counts only the descriptors that Node opened */
static napi_value close_call(napi_env env, napi_callback_info info) {
  struct args args;
  args_begin(&args, env, info, 1);
  int fd = args_int(&args, 0);
  if (!args.failed && close(fd) != 0) error_throw(env, errno, "close", NULL);
  return NULL;
}

/* pidfdOpen(pid): descriptor */
static napi_value pidfd_open_call(napi_env env, napi_callback_info info) {
  struct args args;
  args_begin(&args, env, info, 1);
  int pid = args_int(&args, 0);
  if (args.failed) return NULL;
  int fd = process_open(pid);
  if (fd >= 0) return make_int(env, fd);
  error_throw(env, errno, "pidfd_open", NULL);
  return NULL;
}

/* pidfdSendSignal(pidfd, signal) */
static napi_value pidfd_send_signal_call(napi_env env, napi_callback_info info) {
  struct args args;
  args_begin(&args, env, info, 2);
  int fd = args_int(&args, 0), signal = args_int(&args, 1);
  if (!args.failed && syscall(SYS_pidfd_send_signal, fd, signal, NULL, 0) != 0)
    error_throw(env, errno, "pidfd_send_signal", NULL);
  return NULL;
}

/* pidfdStatus(pidfd, pid): the wait status, -1 while it cannot be told */
static napi_value pidfd_status_call(napi_env env, napi_callback_info info) {
  struct args args;
  int status = -1;
  args_begin(&args, env, info, 2);
  int fd = args_int(&args, 0), pid = args_int(&args, 1);
  if (args.failed) return NULL;
  if (process_status(fd, pid, &status) >= 0) return make_int(env, status);
  error_throw(env, errno, "pidfd_get_info", NULL);
  return NULL;
}

/* pidfdGetfd(pidfd, fd): a copy of another process's descriptor */
static napi_value pidfd_getfd_call(napi_env env, napi_callback_info info) {
  struct args args;
  args_begin(&args, env, info, 2);
  int pidfd = args_int(&args, 0), theirs = args_int(&args, 1);
  if (args.failed) return NULL;
  int fd = (int)syscall(SYS_pidfd_getfd, pidfd, theirs, 0);
  if (fd >= 0) return make_int(env, fd);
  error_throw(env, errno, "pidfd_getfd", NULL);
  return NULL;
}

/* peerCredentials(socket): {pid, uid, gid} */
static napi_value peer_credentials_call(napi_env env, napi_callback_info info) {
  struct args args;
  struct ucred peer;
  socklen_t length = sizeof peer;
  args_begin(&args, env, info, 1);
  int fd = args_int(&args, 0);
  if (args.failed) return NULL;
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0) {
    error_throw(env, errno, "getsockopt", NULL);
    return NULL;
  }
  napi_value result;
  napi_create_object(env, &result);
  set_int(env, result, "pid", peer.pid);
  set_int(env, result, "uid", peer.uid);
  set_int(env, result, "gid", peer.gid);
  return result;
}

static napi_value make_limit(napi_env env, rlim_t value) {
  napi_value result;
  napi_create_double(env, value == RLIM_INFINITY ? __builtin_inf() : (double)value, &result);
  return result;
}

/* getrlimit(resource): [soft, hard], Infinity for none */
static napi_value getrlimit_call(napi_env env, napi_callback_info info) {
  struct args args;
  struct rlimit limit;
  args_begin(&args, env, info, 1);
  int resource = args_int(&args, 0);
  if (args.failed) return NULL;
  if (getrlimit((__rlimit_resource_t)resource, &limit) != 0) {
    error_throw(env, errno, "getrlimit", NULL);
    return NULL;
  }
  napi_value result;
  napi_create_array_with_length(env, 2, &result);
  napi_set_element(env, result, 0, make_limit(env, limit.rlim_cur));
  napi_set_element(env, result, 1, make_limit(env, limit.rlim_max));
  return result;
}

static rlim_t read_limit(struct args *args, size_t index) {
  double value = 0;
  napi_get_value_double(args->env, args->values[index], &value);
  return value >= 1.8e19 ? RLIM_INFINITY : (rlim_t)value;
}

/* setrlimit(resource, soft, hard) */
static napi_value setrlimit_call(napi_env env, napi_callback_info info) {
  struct args args;
  args_begin(&args, env, info, 3);
  int resource = args_int(&args, 0);
  if (args.failed) return NULL;
  struct rlimit limit = {read_limit(&args, 1), read_limit(&args, 2)};
  if (setrlimit((__rlimit_resource_t)resource, &limit) != 0) error_throw(env, errno, "setrlimit", NULL);
  return NULL;
}

/* umask(mask): the mask before. Of the whole process, from any thread. */
static napi_value umask_call(napi_env env, napi_callback_info info) {
  struct args args;
  args_begin(&args, env, info, 1);
  uint32_t mask = args_uint(&args, 0);
  return args.failed ? NULL : make_int(env, umask(mask));
}

/* startUmask(): the mask that the process was started with */
static napi_value start_umask_call(napi_env env, napi_callback_info info) {
  (void)info;
  return make_int(env, start_conditions()->mask);
}

void export_process(napi_env env, napi_value exports) {
  export_function(env, exports, "pipe", pipe_call);
  export_function(env, exports, "close", close_call);
  export_function(env, exports, "pidfdOpen", pidfd_open_call);
  export_function(env, exports, "pidfdSendSignal", pidfd_send_signal_call);
  export_function(env, exports, "pidfdStatus", pidfd_status_call);
  export_function(env, exports, "pidfdGetfd", pidfd_getfd_call);
  export_function(env, exports, "peerCredentials", peer_credentials_call);
  export_function(env, exports, "getrlimit", getrlimit_call);
  export_function(env, exports, "setrlimit", setrlimit_call);
  export_function(env, exports, "umask", umask_call);
  export_function(env, exports, "startUmask", start_umask_call);
}

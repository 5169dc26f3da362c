#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "args.h"
#include "bindings.h"

/* tryLock(fd): whether the file behind the descriptor is now ours (flock); the kernel lets go of it when the descriptor closes */
static napi_value try_lock_call(napi_env env, napi_callback_info info) {
  struct args args;
  args_begin(&args, env, info, 1);
  int fd = args_int(&args, 0);
  if (args.failed) return NULL;
  bool locked = flock(fd, LOCK_EX | LOCK_NB) == 0;
  if (!locked && errno != EWOULDBLOCK) {
    error_throw(env, errno, "flock", NULL);
    return NULL;
  }
  napi_value result;
  napi_get_boolean(env, locked, &result);
  return result;
}

/* unblockSignal(signal): of the calling thread. Node's --disable-sigusr1 leaves SIGUSR1 blocked, so that no handler would run. */
static napi_value unblock_signal_call(napi_env env, napi_callback_info info) {
  struct args args;
  sigset_t set;
  args_begin(&args, env, info, 1);
  int signal = args_int(&args, 0);
  if (args.failed) return NULL;
  sigemptyset(&set);
  int error = sigaddset(&set, signal) == 0 ? pthread_sigmask(SIG_UNBLOCK, &set, NULL) : errno;
  if (error != 0) error_throw(env, error, "pthread_sigmask", NULL);
  return NULL;
}

static int send_datagram(const char *path, const char *text) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  size_t length = strlen(path);
  if (length == 0 || length >= sizeof address.sun_path) return EINVAL;
  memcpy(address.sun_path, path, length);
  /* systemd writes the leading null of an abstract name as @ */
  if (path[0] == '@') address.sun_path[0] = '\0';
  int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return errno;
  socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
  ssize_t sent = sendto(fd, text, strlen(text), MSG_NOSIGNAL, (struct sockaddr *)&address, size);
  int error = sent < 0 ? errno : 0;
  close(fd);
  return error;
}

/* sendDatagram(path, text): one message to a unix datagram socket; never waits */
static napi_value send_datagram_call(napi_env env, napi_callback_info info) {
  struct args args;
  args_begin(&args, env, info, 2);
  char *path = args_string(&args, 0), *text = args_string(&args, 1);
  if (!args.failed) {
    int error = send_datagram(path, text);
    if (error != 0) error_throw(env, error, "sendto", path);
  }
  free(path);
  free(text);
  return NULL;
}

void export_daemon(napi_env env, napi_value exports) {
  export_function(env, exports, "tryLock", try_lock_call);
  export_function(env, exports, "unblockSignal", unblock_signal_call);
  export_function(env, exports, "sendDatagram", send_datagram_call);
}

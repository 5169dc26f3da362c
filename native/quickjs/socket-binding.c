#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "bindings.h"
#include "values.h"

enum { backlog = 128, most_descriptors = 8, message_room = 4096 };

/* Returns 0 or an errno. A name that begins with `@` is abstract. */
static int address_of(const char *path, struct sockaddr_un *address, socklen_t *length) {
  size_t size = strlen(path);
  bool abstract = path[0] == '@';
  *address = (struct sockaddr_un){.sun_family = AF_UNIX};
  if (size == 0) return ENOENT;
  if (size > sizeof address->sun_path - (abstract ? 0 : 1)) return ENAMETOOLONG;
  memcpy(address->sun_path, path, size);
  if (abstract) address->sun_path[0] = 0;
  *length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size + (abstract ? 0 : 1));
  return 0;
}

/* A socket at an address: `prepare` makes something of it. */
static JSValue open_socket(JSContext *js, const char *path, int mode, int (*prepare)(int, const struct sockaddr_un *, socklen_t, int), const char *syscall) {
  struct sockaddr_un address;
  socklen_t length;
  int error = address_of(path, &address, &length);
  if (error) return throw_system_error(js, error, syscall, path);
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return throw_system_error(js, errno, "socket", NULL);
  error = prepare(fd, &address, length, mode);
  if (!error) return JS_NewInt32(js, fd);
  close(fd);
  return throw_system_error(js, error, syscall, path);
}

/* The mode of a socket before it is bound is the mode of its file from the beginning, as the umask is 0. */
static int bind_and_listen(int fd, const struct sockaddr_un *address, socklen_t length, int mode) {
  if (fchmod(fd, (mode_t)mode) != 0) return errno;
  if (bind(fd, (const struct sockaddr *)address, length) != 0) return errno;
  if (listen(fd, backlog) == 0) return 0;
  int error = errno;
  if (address->sun_path[0]) unlink(address->sun_path);
  return error;
}

static int connect_to(int fd, const struct sockaddr_un *address, socklen_t length, int mode) {
  (void)mode;
  return connect(fd, (const struct sockaddr *)address, length) == 0 ? 0 : errno;
}

/* listenUnix(path, mode): fd */
static JSValue listen_call(JSContext *js, JSValueConst self, int count, JSValueConst *arguments) {
  (void)self, (void)count;
  const char *path;
  int mode;
  if (!read_int(js, arguments[1], &mode) || !read_string(js, arguments[0], &path)) return JS_EXCEPTION;
  JSValue result = open_socket(js, path, mode, bind_and_listen, "bind");
  JS_FreeCString(js, path);
  return result;
}

/* connectUnix(path): fd */
static JSValue connect_call(JSContext *js, JSValueConst self, int count, JSValueConst *arguments) {
  (void)self, (void)count;
  const char *path;
  if (!read_string(js, arguments[0], &path)) return JS_EXCEPTION;
  JSValue result = open_socket(js, path, 0, connect_to, "connect");
  JS_FreeCString(js, path);
  return result;
}

/* accept(listener): fd | null */
static JSValue accept_call(JSContext *js, JSValueConst self, int count, JSValueConst *arguments) {
  (void)self, (void)count;
  int listener, fd;
  if (!read_int(js, arguments[0], &listener)) return JS_EXCEPTION;
  do fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
  while (fd < 0 && (errno == EINTR || errno == ECONNABORTED));
  if (fd >= 0) return JS_NewInt32(js, fd);
  return errno == EAGAIN ? JS_NULL : throw_system_error(js, errno, "accept4", NULL);
}

/* peerCredentials(fd): {pid, uid, gid} */
static JSValue peer_credentials_call(JSContext *js, JSValueConst self, int count, JSValueConst *arguments) {
  (void)self, (void)count;
  int fd;
  struct ucred peer;
  socklen_t length = sizeof peer;
  if (!read_int(js, arguments[0], &fd)) return JS_EXCEPTION;
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0) return throw_system_error(js, errno, "getsockopt", NULL);
  JSValue result = JS_NewObject(js);
  if (JS_IsException(result)) return result;
  if (set_number(js, result, "pid", peer.pid) && set_number(js, result, "uid", peer.uid) && set_number(js, result, "gid", peer.gid)) return result;
  JS_FreeValue(js, result);
  return JS_EXCEPTION;
}

/* The first descriptor of a message; what a peer sends beyond it is closed. -1 when there is none. */
static int first_descriptor(struct msghdr *message) {
  int first = -1;
  for (struct cmsghdr *part = CMSG_FIRSTHDR(message); part; part = CMSG_NXTHDR(message, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
    size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < count; i++) {
      int fd;
      memcpy(&fd, CMSG_DATA(part) + i * sizeof fd, sizeof fd);
      if (first < 0) first = fd;
      else close(fd);
    }
  }
  return first;
}

/* receiveDescriptor(fd): fd | null */
static JSValue receive_descriptor_call(JSContext *js, JSValueConst self, int count, JSValueConst *arguments) {
  (void)self, (void)count;
  int fd;
  if (!read_int(js, arguments[0], &fd)) return JS_EXCEPTION;
  char text[message_room];
  union {
    char room[CMSG_SPACE(most_descriptors * sizeof(int))];
    struct cmsghdr aligned;
  } control;
  struct iovec part = {text, sizeof text};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control.room, .msg_controllen = sizeof control.room};
  ssize_t length;
  do length = recvmsg(fd, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
  while (length < 0 && errno == EINTR);
  if (length < 0) return errno == EAGAIN ? JS_NULL : throw_system_error(js, errno, "recvmsg", NULL);
  int received = first_descriptor(&message);
  if (received < 0) return throw_system_error(js, EPROTO, "recvmsg", NULL);
  int flags = fcntl(received, F_GETFL);
  if (flags >= 0) fcntl(received, F_SETFL, flags | O_NONBLOCK);
  return JS_NewInt32(js, received);
}

static const JSCFunctionListEntry calls[] = {
    JS_CFUNC_DEF("listenUnix", 2, listen_call),
    JS_CFUNC_DEF("connectUnix", 1, connect_call),
    JS_CFUNC_DEF("accept", 1, accept_call),
    JS_CFUNC_DEF("peerCredentials", 1, peer_credentials_call),
    JS_CFUNC_DEF("receiveDescriptor", 1, receive_descriptor_call),
};

void bind_sockets(JSContext *js, JSValueConst host) { BIND(js, host, calls); }

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bindings.h"
#include "process-handle.h"
#include "values.h"

/*
 * A pipe for a container: ours does not block, the container's does, as programs expect. A container's writing end is opened for reading too
 * (the pipe's link in /proc gives it a file of its own): then the pipe lives on without us, whoever writes to it gets no SIGPIPE, and another shim may
 * take the reading end from there.
 */
static int make_pipe(bool container_writes, uid_t uid, gid_t gid, int *ours, int *theirs) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return errno;
  *ours = ends[!container_writes];
  *theirs = ends[container_writes];
  int error = fchown(*theirs, uid, gid) == 0 && fcntl(*ours, F_SETFL, O_NONBLOCK) == 0 ? 0 : errno;
  if (!error && container_writes) {
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", *theirs);
    int both = open(path, O_RDWR | O_CLOEXEC);
    if (both < 0) error = errno;
    else close(*theirs), *theirs = both;
  }
  if (!error) return 0;
  close(*ours);
  close(*theirs);
  return error;
}

/* containerPipe(containerWrites, uid, gid): [ours, the container's] */
static JSValue container_pipe_call(JSContext *js, JSValueConst self, int count, JSValueConst *arguments) {
  (void)self, (void)count;
  int ends[2];
  int64_t uid, gid;
  if (!read_int64(js, arguments[1], &uid) || !read_int64(js, arguments[2], &gid)) return JS_EXCEPTION;
  int error = make_pipe(JS_ToBool(js, arguments[0]), (uid_t)uid, (gid_t)gid, &ends[0], &ends[1]);
  if (error) return throw_system_error(js, error, "pipe2", NULL);
  JSValue result = make_ints(js, ends, 2);
  if (JS_IsException(result)) {
    close(ends[0]);
    close(ends[1]);
  }
  return result;
}

/* reopen(fd, flags): fd */
static JSValue reopen_call(JSContext *js, JSValueConst self, int count, JSValueConst *arguments) {
  (void)self, (void)count;
  int fd, flags;
  if (!read_int(js, arguments[0], &fd) || !read_int(js, arguments[1], &flags)) return JS_EXCEPTION;
  char path[64];
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  int opened = open(path, flags | O_CLOEXEC | O_NOCTTY);
  return opened >= 0 ? JS_NewInt32(js, opened) : throw_system_error(js, errno, "open", path);
}

/* isPipe(fd): boolean */
static JSValue is_pipe_call(JSContext *js, JSValueConst self, int count, JSValueConst *arguments) {
  (void)self, (void)count;
  int fd;
  struct stat status;
  if (!read_int(js, arguments[0], &fd)) return JS_EXCEPTION;
  if (fstat(fd, &status) != 0) return throw_system_error(js, errno, "fstat", NULL);
  return JS_NewBool(js, S_ISFIFO(status.st_mode));
}

/* hasReader(fd): boolean, of a pipe's writing end */
static JSValue has_reader_call(JSContext *js, JSValueConst self, int count, JSValueConst *arguments) {
  (void)self, (void)count;
  struct pollfd state = {0};
  if (!read_int(js, arguments[0], &state.fd)) return JS_EXCEPTION;
  if (poll(&state, 1, 0) < 0 && errno != EINTR) return throw_system_error(js, errno, "poll", NULL);
  return JS_NewBool(js, !(state.revents & (POLLERR | POLLNVAL)));
}

/* hasRoom(fd): boolean, of a pipe's writing end */
static JSValue has_room_call(JSContext *js, JSValueConst self, int count, JSValueConst *arguments) {
  (void)self, (void)count;
  struct pollfd state = {.events = POLLOUT};
  if (!read_int(js, arguments[0], &state.fd)) return JS_EXCEPTION;
  if (poll(&state, 1, 0) < 0 && errno != EINTR) return throw_system_error(js, errno, "poll", NULL);
  return JS_NewBool(js, state.revents & POLLOUT);
}

/* openProcess(pid): fd */
static JSValue open_process_call(JSContext *js, JSValueConst self, int count, JSValueConst *arguments) {
  (void)self, (void)count;
  int pid;
  if (!read_int(js, arguments[0], &pid)) return JS_EXCEPTION;
  int fd = process_open(pid);
  return fd >= 0 ? JS_NewInt32(js, fd) : throw_system_error(js, errno, "pidfd_open", NULL);
}

/* signalProcess(fd, signal) */
static JSValue signal_process_call(JSContext *js, JSValueConst self, int count, JSValueConst *arguments) {
  (void)self, (void)count;
  int fd, signal;
  if (!read_int(js, arguments[0], &fd) || !read_int(js, arguments[1], &signal)) return JS_EXCEPTION;
  if (syscall(SYS_pidfd_send_signal, fd, signal, NULL, 0) == 0) return JS_UNDEFINED;
  return throw_system_error(js, errno, "pidfd_send_signal", NULL);
}

static const JSCFunctionListEntry calls[] = {
    JS_CFUNC_DEF("containerPipe", 3, container_pipe_call),
    JS_CFUNC_DEF("reopen", 2, reopen_call),
    JS_CFUNC_DEF("isPipe", 1, is_pipe_call),
    JS_CFUNC_DEF("hasReader", 1, has_reader_call),
    JS_CFUNC_DEF("hasRoom", 1, has_room_call),
    JS_CFUNC_DEF("openProcess", 1, open_process_call),
    JS_CFUNC_DEF("signalProcess", 2, signal_process_call),
};

void bind_stdio(JSContext *js, JSValueConst host) { BIND(js, host, calls); }

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bindings.h"
#include "log.h"
#include "loop.h"
#include "values.h"

static int compare(const void *a, const void *b) {
  int left = *(const int *)a, right = *(const int *)b;
  return (left > right) - (left < right);
}

/* `errors` is where stderr goes, -1 for nowhere. */
static int place_standard_descriptors(int errors) {
  int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);
  if (nowhere < 0) return errno;
  if (errors < 0) errors = nowhere;
  /* stderr first: `errors` may be one of the other two. */
  if (dup2(errors, STDERR_FILENO) < 0 || dup2(nowhere, STDIN_FILENO) < 0 || dup2(nowhere, STDOUT_FILENO) < 0) return errno;
  /* dup2 of a descriptor to itself leaves it as it was: none of the three is to be lost on exec. */
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) fcntl(fd, F_SETFD, 0);
  return 0;
}

/* `kept` is sorted. */
static int close_others(const int *kept, size_t count) {
  int next = STDERR_FILENO + 1;
  for (size_t i = 0; i < count; i++) {
    if (kept[i] > next && close_range((unsigned)next, (unsigned)kept[i] - 1, 0) != 0) return errno;
    if (kept[i] >= next) next = kept[i] + 1;
  }
  return close_range((unsigned)next, UINT_MAX, 0) == 0 ? 0 : errno;
}

static void become_server(int *kept, size_t count, int errors) {
  const char *stage = "setsid";
  int error = setsid() < 0 ? errno : 0;
  if (!error) {
    stage = "dup2";
    error = place_standard_descriptors(errors);
  }
  if (!error) {
    stage = "close_range";
    qsort(kept, count, sizeof *kept, compare);
    error = close_others(kept, count);
  }
  if (!error) {
    stage = "epoll_create";
    error = loop_reopen();
  }
  if (!error) return;
  log_text(stage);
  log_text(strerror(error));
  _exit(1);
}

/* detach(kept, stderr): whether this is the child */
static JSValue detach_call(JSContext *js, JSValueConst self, int count, JSValueConst *arguments) {
  (void)self, (void)count;
  int errors, *kept;
  size_t kept_count;
  if (!read_int(js, arguments[1], &errors) || !read_ints(js, arguments[0], &kept, &kept_count)) return JS_EXCEPTION;
  pid_t pid = fork();
  int error = errno;
  if (pid == 0) become_server(kept, kept_count, errors);
  js_free(js, kept);
  return pid < 0 ? throw_system_error(js, error, "fork", NULL) : JS_NewBool(js, pid == 0);
}

static const JSCFunctionListEntry calls[] = {
    JS_CFUNC_DEF("detach", 2, detach_call),
};

void bind_detach(JSContext *js, JSValueConst host) { BIND(js, host, calls); }

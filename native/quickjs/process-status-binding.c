#include <errno.h>

#include "bindings.h"
#include "process-handle.h"
#include "values.h"

/* processStatus(pidfd, pid): number, -1 while it cannot be told */
static JSValue process_status_call(JSContext *js, JSValueConst self, int count, JSValueConst *arguments) {
  (void)self, (void)count;
  int pidfd, pid, status = -1;
  if (!read_int(js, arguments[0], &pidfd) || !read_int(js, arguments[1], &pid)) return JS_EXCEPTION;
  if (process_status(pidfd, pid, &status) < 0) return throw_system_error(js, errno, "pidfd_get_info", NULL);
  return JS_NewInt32(js, status);
}

static const JSCFunctionListEntry calls[] = {
    JS_CFUNC_DEF("processStatus", 2, process_status_call),
};

void bind_process_status(JSContext *js, JSValueConst host) { BIND(js, host, calls); }

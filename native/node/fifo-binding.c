#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "args.h"
#include "bindings.h"

/* mkfifo(path, mode) */
static napi_value mkfifo_call(napi_env env, napi_callback_info info) {
  struct args args;
  args_begin(&args, env, info, 2);
  char *path = args_string(&args, 0);
  uint32_t mode = args_uint(&args, 1);
  if (!args.failed && mkfifo(path, (mode_t)mode) != 0) error_throw(env, errno, "mkfifo", path);
  free(path);
  return NULL;
}

void export_fifo(napi_env env, napi_value exports) { export_function(env, exports, "mkfifo", mkfifo_call); }

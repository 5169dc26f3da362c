#include "bindings.h"

NAPI_MODULE_INIT(/* napi_env env, napi_value exports */) {
  export_spawn(env, exports);
  export_mount(env, exports);
  export_process(env, exports);
  export_fifo(env, exports);
  export_tree(env, exports);
  export_xattr(env, exports);
  export_file_tree(env, exports);
  export_daemon(env, exports);
  export_memory(env, exports);
  export_loop(env, exports);
  export_inflate(env, exports);
  return exports;
}

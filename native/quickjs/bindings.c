#include "bindings.h"

static void (*const groups[])(JSContext *, JSValueConst) = {
    bind_process, bind_detach, bind_loop,    bind_signals, bind_children, bind_descriptors,
    bind_files,   bind_paths,  bind_sockets, bind_mounts,  bind_text,     bind_cgroups,
    bind_stdio,   bind_relays, bind_logs,    bind_process_status,
};

static int set_list(JSContext *js, JSValueConst host, const char *name, char *const *strings) {
  JSValue array = JS_NewArray(js);
  if (JS_IsException(array)) return -1;
  for (uint32_t i = 0; strings[i]; i++) {
    JSValue string = JS_NewString(js, strings[i]);
    if (!JS_IsException(string) && JS_SetPropertyUint32(js, array, i, string) >= 0) continue;
    JS_FreeValue(js, array);
    return -1;
  }
  return JS_SetPropertyStr(js, host, name, array) < 0 ? -1 : 0;
}

int bind_host(JSContext *js, char *const *argv, char *const *environment) {
  JSValue host = JS_NewObject(js);
  if (JS_IsException(host)) return -1;
  for (size_t i = 0; i < sizeof groups / sizeof groups[0]; i++) groups[i](js, host);
  int failed = set_list(js, host, "argv", argv) != 0 || set_list(js, host, "environment", environment) != 0;
  JSValue global = JS_GetGlobalObject(js);
  if (!failed) failed = JS_SetPropertyStr(js, global, "gantryHost", JS_DupValue(js, host)) < 0;
  JS_FreeValue(js, global);
  JS_FreeValue(js, host);
  return failed ? -1 : 0;
}

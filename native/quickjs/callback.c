#include "callback.h"

#include "engine.h"

enum { most_arguments = 4 };

struct callback *callback_new(JSContext *js, JSValueConst function) {
  if (!JS_IsFunction(js, function)) {
    JS_ThrowTypeError(js, "a function is needed");
    return NULL;
  }
  struct callback *callback = js_malloc(js, sizeof *callback);
  if (callback) *callback = (struct callback){js, JS_DupValue(js, function), 0};
  return callback;
}

void callback_free(struct callback *callback) {
  if (!callback) return;
  JSContext *js = callback->js;
  JS_FreeValue(js, callback->function);
  js_free(js, callback);
}

void callback_finish(struct callback *callback, int count, const int64_t *numbers) {
  /* Numbers below 2^53 own no memory. */
  JSValue arguments[most_arguments];
  for (int i = 0; i < count && i < most_arguments; i++) arguments[i] = JS_NewInt64(callback->js, numbers[i]);
  engine_call(callback->function, count, arguments);
  callback_free(callback);
}

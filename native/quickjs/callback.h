/* A JavaScript function that C calls once, or until it is given up. */
#ifndef GANTRY_CALLBACK_H
#define GANTRY_CALLBACK_H

#include <quickjs.h>
#include <stdint.h>

struct callback {
  JSContext *js;
  JSValue function;
  uint64_t watch; /* where it is a watch's */
};

/* NULL with an exception pending, when `function` is not a function for one. */
struct callback *callback_new(JSContext *js, JSValueConst function);
/* NULL is nothing. */
void callback_free(struct callback *callback);
/* Calls it with numbers, and frees it. */
void callback_finish(struct callback *callback, int count, const int64_t *numbers);

#endif

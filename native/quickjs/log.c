#include "log.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* A pipe that is ready for writing takes so much at once. */
enum { piece = 4096, causes = 4 };

void log_bytes(const char *text, size_t length) {
  while (length > 0) {
    struct pollfd ready = {.fd = STDERR_FILENO, .events = POLLOUT};
    if (poll(&ready, 1, 0) != 1 || !(ready.revents & POLLOUT)) return;
    ssize_t written = write(STDERR_FILENO, text, length < piece ? length : piece);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;
    text += written;
    length -= (size_t)written;
  }
}

void log_text(const char *line) {
  char text[piece];
  int length = snprintf(text, sizeof text, "%s\n", line);
  if (length > 0) log_bytes(text, (size_t)length < sizeof text ? (size_t)length : sizeof text - 1);
}

/* Whatever goes wrong while telling of one failure is passed over. */
static void tell(JSContext *js, const char *before, JSValueConst value, const char *after) {
  const char *text = JS_ToCString(js, value);
  char line[piece];
  if (!text) JS_FreeValue(js, JS_GetException(js));
  int length = snprintf(line, sizeof line, "%s%s%s", before, text ? text : "(a value without words)", after);
  if (text) JS_FreeCString(js, text);
  if (length > 0) log_bytes(line, (size_t)length < sizeof line ? (size_t)length : sizeof line - 1);
}

static JSValue property(JSContext *js, JSValueConst object, const char *name) {
  JSValue value = JS_GetPropertyStr(js, object, name);
  if (!JS_IsException(value)) return value;
  JS_FreeValue(js, JS_GetException(js));
  return JS_UNDEFINED;
}

void log_exception(JSContext *js, const char *what, JSValueConst thrown) {
  char before[64];
  snprintf(before, sizeof before, "%s: ", what);
  JSValue value = JS_DupValue(js, thrown);
  for (int depth = 0; depth < causes; depth++) {
    tell(js, before, value, "\n");
    if (!JS_IsError(js, value)) break;
    JSValue stack = property(js, value, "stack"), cause = property(js, value, "cause");
    if (JS_IsString(stack)) tell(js, "", stack, "");
    JS_FreeValue(js, stack);
    JS_FreeValue(js, value);
    value = cause;
    if (JS_IsUndefined(value)) break;
    snprintf(before, sizeof before, "caused by: ");
  }
  JS_FreeValue(js, value);
}

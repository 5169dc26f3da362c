#include "rejections.h"

#include <stdlib.h>

#include "log.h"

struct rejection {
  JSValue promise;
  JSValue reason;
};

static struct rejection *rejections;
static size_t count, room;

static void forget(JSContext *js, size_t index) {
  struct rejection gone = rejections[index];
  rejections[index] = rejections[--count];
  JS_FreeValue(js, gone.promise);
  JS_FreeValue(js, gone.reason);
}

static void add(JSContext *js, JSValueConst promise, JSValueConst reason) {
  if (count == room) {
    size_t wanted = room ? room * 2 : 4;
    struct rejection *larger = realloc(rejections, wanted * sizeof *rejections);
    if (!larger) {
      log_exception(js, "unhandled rejection", reason);
      return;
    }
    rejections = larger;
    room = wanted;
  }
  rejections[count++] = (struct rejection){JS_DupValue(js, promise), JS_DupValue(js, reason)};
}

void rejections_track(JSContext *js, JSValueConst promise, JSValueConst reason, JS_BOOL handled, void *opaque) {
  (void)opaque;
  if (!handled) {
    add(js, promise, reason);
    return;
  }
  for (size_t i = count; i-- > 0;) {
    if (JS_VALUE_GET_PTR(rejections[i].promise) != JS_VALUE_GET_PTR(promise)) continue;
    forget(js, i);
    return;
  }
}

void rejections_tell(JSContext *js) {
  while (count > 0) {
    log_exception(js, "unhandled rejection", rejections[0].reason);
    forget(js, 0);
  }
}

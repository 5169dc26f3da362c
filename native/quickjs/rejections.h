/* Promises that were rejected before anybody handled them. */
#ifndef GANTRY_REJECTIONS_H
#define GANTRY_REJECTIONS_H

#include <quickjs.h>

/* The engine's tracker: a rejection without a handler, or a handler that came after all. */
void rejections_track(JSContext *js, JSValueConst promise, JSValueConst reason, JS_BOOL handled, void *opaque);
/* Writes those to stderr that nobody has handled by now, and forgets them. */
void rejections_tell(JSContext *js);

#endif

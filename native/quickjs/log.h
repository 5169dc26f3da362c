/* Lines to stderr, without ever waiting for whoever reads it: what cannot be taken at once is lost. */
#ifndef GANTRY_LOG_H
#define GANTRY_LOG_H

#include <quickjs.h>
#include <stddef.h>

void log_bytes(const char *text, size_t length);
/* A line; its end is added. */
void log_text(const char *line);
/* A line of what happened and the thrown value, with its stack, code and causes. */
void log_exception(JSContext *js, const char *what, JSValueConst thrown);

#endif

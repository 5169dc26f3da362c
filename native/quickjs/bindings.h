/*
 * The calls of the host, those of shim/host/host-calls.ts and its neighbours: one file for each group. Each function here adds its
 * calls to the host object. To add a group: a file with such a function, a line here, and a line in bindings.c.
 */
#ifndef GANTRY_BINDINGS_H
#define GANTRY_BINDINGS_H

#include <quickjs.h>

void bind_process(JSContext *js, JSValueConst host);
void bind_detach(JSContext *js, JSValueConst host);
void bind_loop(JSContext *js, JSValueConst host);
void bind_signals(JSContext *js, JSValueConst host);
void bind_children(JSContext *js, JSValueConst host);
void bind_descriptors(JSContext *js, JSValueConst host);
void bind_files(JSContext *js, JSValueConst host);
void bind_paths(JSContext *js, JSValueConst host);
void bind_sockets(JSContext *js, JSValueConst host);
void bind_mounts(JSContext *js, JSValueConst host);
void bind_text(JSContext *js, JSValueConst host);
void bind_stdio(JSContext *js, JSValueConst host);
void bind_relays(JSContext *js, JSValueConst host);
void bind_logs(JSContext *js, JSValueConst host);
void bind_cgroups(JSContext *js, JSValueConst host);
void bind_process_status(JSContext *js, JSValueConst host);

/* Makes the global `gantryHost` with all calls, the command line and the environment. Returns 0, or -1 with an exception pending. */
int bind_host(JSContext *js, char *const *argv, char *const *environment);

/* The calls of one group. */
#define BIND(js, host, calls) JS_SetPropertyFunctionList(js, host, calls, sizeof(calls) / sizeof((calls)[0]))

#endif

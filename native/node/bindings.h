/* The groups of functions that the module exports. */
#ifndef GANTRY_BINDINGS_H
#define GANTRY_BINDINGS_H

#include <node_api.h>

void export_spawn(napi_env env, napi_value exports);
void export_mount(napi_env env, napi_value exports);
void export_process(napi_env env, napi_value exports);
void export_fifo(napi_env env, napi_value exports);
void export_tree(napi_env env, napi_value exports);
void export_xattr(napi_env env, napi_value exports);
void export_file_tree(napi_env env, napi_value exports);
void export_daemon(napi_env env, napi_value exports);
void export_memory(napi_env env, napi_value exports);
void export_loop(napi_env env, napi_value exports);
void export_inflate(napi_env env, napi_value exports);

#endif

/* Reads arguments of calls from JavaScript, and throws what the kernel answered. */
#ifndef GANTRY_ARGS_H
#define GANTRY_ARGS_H

#include <node_api.h>
#include <stdbool.h>
#include <stdint.h>
#include <stddef.h>

enum { args_max = 12, args_buffer = 4200 };

/* The arguments of one call; strings live as long as this does. */
struct args {
  napi_env env;
  napi_value values[args_max];
  size_t count;
  bool failed; /* a JavaScript exception is pending */
};

/* Gets the arguments, and throws a TypeError when there are fewer than `needed`. */
void args_begin(struct args *args, napi_env env, napi_callback_info info, size_t needed);

int32_t args_int(struct args *args, size_t index);
uint32_t args_uint(struct args *args, size_t index);
int64_t args_int64(struct args *args, size_t index);
bool args_bool(struct args *args, size_t index);
/* Whether the argument is undefined or null. */
bool args_absent(struct args *args, size_t index);

/* UTF-8, allocated; NULL when absent. The caller frees it. Throws for a string that holds a NUL. */
char *args_string(struct args *args, size_t index);
/* The same of any value. */
char *args_string_of(struct args *args, napi_value value);
/* A byte string (a character for each byte) into `buffer` of args_buffer bytes; throws ENAMETOOLONG. */
const char *args_bytes(struct args *args, size_t index, char *buffer);
/* A NULL-terminated list of strings, allocated; args_free_strings frees it. */
char **args_strings(struct args *args, size_t index, size_t *count);
void args_free_strings(char **strings);
/* The memory of a Uint8Array; stays the caller's. */
const void *args_data(struct args *args, size_t index, size_t *length);

/* An Error with code, errno, syscall and, when not NULL, path: Node's form. */
napi_value error_create(napi_env env, int error, const char *syscall, const char *path);
void error_throw(napi_env env, int error, const char *syscall, const char *path);

/* Adds a function to the module's exports. */
void export_function(napi_env env, napi_value exports, const char *name, napi_callback function);

napi_value make_int(napi_env env, int64_t value);
/* Sets a number of an object. */
void set_int(napi_env env, napi_value object, const char *name, int64_t value);

#endif

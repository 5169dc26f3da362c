/* Reads arguments of calls from JavaScript, and makes what they answer. */
#ifndef GANTRY_VALUES_H
#define GANTRY_VALUES_H

#include <quickjs.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The readers answer false with an exception pending; then `result` is not touched. Nothing is converted: a number is a number. */

bool read_int(JSContext *js, JSValueConst value, int *result);
/* Integers up to 2^53, negative ones too. */
bool read_int64(JSContext *js, JSValueConst value, int64_t *result);
/* Between 0 and `most`. */
bool read_size(JSContext *js, JSValueConst value, size_t most, size_t *result);
/* UTF-8 without NUL; JS_FreeCString frees it. */
bool read_string(JSContext *js, JSValueConst value, const char **result);
/* The same, or NULL for null; JS_FreeCString does not take NULL, free_string does. */
bool read_string_or_null(JSContext *js, JSValueConst value, const char **result);
void free_string(JSContext *js, const char *string);
/* A NULL-terminated list of strings; free_strings frees it. */
bool read_strings(JSContext *js, JSValueConst value, char ***result, size_t *count);
void free_strings(JSContext *js, char **strings);
/* js_free frees it; never NULL. */
bool read_ints(JSContext *js, JSValueConst value, int **result, size_t *count);
/* The memory of a Uint8Array; valid until JavaScript runs again. */
bool read_bytes(JSContext *js, JSValueConst value, const uint8_t **result, size_t *length);

/* A Uint8Array over `bytes`, which js_malloc gave and which are the array's from now on, failure or not. NULL is an exception. */
JSValue make_bytes(JSContext *js, uint8_t *bytes, size_t length);
/* An array of numbers. */
JSValue make_ints(JSContext *js, const int *numbers, size_t count);
/* Sets a number of an object; false with an exception pending. */
bool set_number(JSContext *js, JSValueConst object, const char *name, int64_t value);

/* An Error with code, errno (negative), syscall and, when not NULL, path: Node's form. */
JSValue throw_system_error(JSContext *js, int error, const char *syscall, const char *path);

#endif

#include "args.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void refuse(struct args *args, const char *message) {
  if (!args->failed) napi_throw_type_error(args->env, "ERR_INVALID_ARG_TYPE", message);
  args->failed = true;
}

void args_begin(struct args *args, napi_env env, napi_callback_info info, size_t needed) {
  args->env = env;
  args->failed = false;
  args->count = args_max;
  napi_get_cb_info(env, info, &args->count, args->values, NULL, NULL);
  if (args->count < needed) refuse(args, "too few arguments for a native call");
}

int64_t args_int64(struct args *args, size_t index) {
  int64_t value = 0;
  if (!args->failed && napi_get_value_int64(args->env, args->values[index], &value) != napi_ok) refuse(args, "a number is needed");
  return value;
}

int32_t args_int(struct args *args, size_t index) {
  int32_t value = 0;
  if (!args->failed && napi_get_value_int32(args->env, args->values[index], &value) != napi_ok) refuse(args, "a number is needed");
  return value;
}

uint32_t args_uint(struct args *args, size_t index) {
  uint32_t value = 0;
  if (!args->failed && napi_get_value_uint32(args->env, args->values[index], &value) != napi_ok) refuse(args, "a number is needed");
  return value;
}

bool args_bool(struct args *args, size_t index) {
  bool value = false;
  if (!args->failed && napi_get_value_bool(args->env, args->values[index], &value) != napi_ok) refuse(args, "a boolean is needed");
  return value;
}

bool args_absent(struct args *args, size_t index) {
  if (index >= args->count) return true;
  napi_valuetype type = napi_undefined;
  napi_typeof(args->env, args->values[index], &type);
  return type == napi_undefined || type == napi_null;
}

char *args_string_of(struct args *args, napi_value value) {
  size_t length = 0;
  if (args->failed) return NULL;
  if (napi_get_value_string_utf8(args->env, value, NULL, 0, &length) != napi_ok) {
    refuse(args, "a string is needed");
    return NULL;
  }
  char *string = malloc(length + 1);
  if (!string) {
    error_throw(args->env, ENOMEM, "malloc", NULL);
    args->failed = true;
    return NULL;
  }
  napi_get_value_string_utf8(args->env, value, string, length + 1, &length);
  if (strlen(string) != length) {
    free(string);
    refuse(args, "a string must not hold a null byte");
    return NULL;
  }
  return string;
}

char *args_string(struct args *args, size_t index) {
  if (args->failed || args_absent(args, index)) return NULL;
  return args_string_of(args, args->values[index]);
}

const char *args_bytes(struct args *args, size_t index, char *buffer) {
  size_t length = 0;
  if (args->failed) return "";
  if (napi_get_value_string_latin1(args->env, args->values[index], buffer, args_buffer, &length) != napi_ok) {
    refuse(args, "a byte string is needed");
    return "";
  }
  if (length >= args_buffer - 1) {
    error_throw(args->env, ENAMETOOLONG, "open", NULL);
    args->failed = true;
  } else if (memchr(buffer, 0, length)) {
    refuse(args, "a byte string must not hold a null byte");
  }
  return buffer;
}

char **args_strings(struct args *args, size_t index, size_t *count) {
  uint32_t length = 0;
  if (args->failed) return NULL;
  if (napi_get_array_length(args->env, args->values[index], &length) != napi_ok) {
    refuse(args, "an array of strings is needed");
    return NULL;
  }
  char **strings = calloc((size_t)length + 1, sizeof *strings);
  for (uint32_t i = 0; strings && i < length && !args->failed; i++) {
    napi_value element;
    napi_get_element(args->env, args->values[index], i, &element);
    strings[i] = args_string_of(args, element);
  }
  if (count) *count = length;
  return strings;
}

void args_free_strings(char **strings) {
  for (char **string = strings; string && *string; string++) free(*string);
  free(strings);
}

const void *args_data(struct args *args, size_t index, size_t *length) {
  napi_typedarray_type type;
  void *data = NULL;
  *length = 0;
  if (args->failed) return NULL;
  if (napi_get_typedarray_info(args->env, args->values[index], &type, length, &data, NULL, NULL) != napi_ok || type != napi_uint8_array)
    refuse(args, "a Uint8Array is needed");
  return data;
}

static void set_string(napi_env env, napi_value object, const char *name, const char *text) {
  napi_value value;
  if (napi_create_string_utf8(env, text, NAPI_AUTO_LENGTH, &value) == napi_ok) napi_set_named_property(env, object, name, value);
}

napi_value error_create(napi_env env, int error, const char *syscall, const char *path) {
  char message[8192];
  const char *name = strerrorname_np(error);
  if (!name) name = "UNKNOWN";
  if (path) snprintf(message, sizeof message, "%s: %s, %s '%s'", name, strerrordesc_np(error), syscall, path);
  else snprintf(message, sizeof message, "%s: %s, %s", name, strerrordesc_np(error), syscall);
  napi_value code, text, object;
  napi_create_string_utf8(env, name, NAPI_AUTO_LENGTH, &code);
  napi_create_string_utf8(env, message, NAPI_AUTO_LENGTH, &text);
  napi_create_error(env, code, text, &object);
  set_int(env, object, "errno", -error);
  set_string(env, object, "syscall", syscall);
  if (path) set_string(env, object, "path", path);
  return object;
}

void error_throw(napi_env env, int error, const char *syscall, const char *path) {
  napi_throw(env, error_create(env, error, syscall, path));
}

void export_function(napi_env env, napi_value exports, const char *name, napi_callback function) {
  napi_value value;
  napi_create_function(env, name, NAPI_AUTO_LENGTH, function, NULL, &value);
  napi_set_named_property(env, exports, name, value);
}

napi_value make_int(napi_env env, int64_t value) {
  napi_value result;
  napi_create_int64(env, value, &result);
  return result;
}

void set_int(napi_env env, napi_value object, const char *name, int64_t value) {
  napi_set_named_property(env, object, name, make_int(env, value));
}

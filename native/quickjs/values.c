#include "values.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static bool refuse(JSContext *js, const char *wanted) {
  JS_ThrowTypeError(js, "%s is needed", wanted);
  return false;
}

bool read_int64(JSContext *js, JSValueConst value, int64_t *result) {
  const double limit = 9007199254740992.0;
  double number;
  if (!JS_IsNumber(value)) return refuse(js, "a number");
  if (JS_ToFloat64(js, &number, value) != 0) return false;
  if (!(number >= -limit && number <= limit) || number != trunc(number)) return refuse(js, "an integer");
  *result = (int64_t)number;
  return true;
}

bool read_int(JSContext *js, JSValueConst value, int *result) {
  int64_t number;
  if (!read_int64(js, value, &number)) return false;
  if (number < INT32_MIN || number > INT32_MAX) return refuse(js, "an integer of 32 bits");
  *result = (int)number;
  return true;
}

bool read_size(JSContext *js, JSValueConst value, size_t most, size_t *result) {
  int64_t number;
  if (!read_int64(js, value, &number)) return false;
  if (number < 0 || (uint64_t)number > most) return refuse(js, "a smaller size, not below 0,");
  *result = (size_t)number;
  return true;
}

bool read_string(JSContext *js, JSValueConst value, const char **result) {
  size_t length;
  if (!JS_IsString(value)) return refuse(js, "a string");
  const char *string = JS_ToCStringLen(js, &length, value);
  if (!string) return false;
  if (strlen(string) != length) {
    JS_FreeCString(js, string);
    return refuse(js, "a string without NUL");
  }
  *result = string;
  return true;
}

bool read_string_or_null(JSContext *js, JSValueConst value, const char **result) {
  if (!JS_IsNull(value)) return read_string(js, value, result);
  *result = NULL;
  return true;
}

void free_string(JSContext *js, const char *string) {
  if (string) JS_FreeCString(js, string);
}

/* The length of an array, which is at most what a caller may need. */
static bool read_length(JSContext *js, JSValueConst array, size_t *length) {
  const size_t most = 1 << 20;
  if (!JS_IsArray(js, array)) return refuse(js, "an array");
  JSValue value = JS_GetPropertyStr(js, array, "length");
  bool read = !JS_IsException(value) && read_size(js, value, most, length);
  JS_FreeValue(js, value);
  return read;
}

bool read_strings(JSContext *js, JSValueConst value, char ***result, size_t *count) {
  size_t length;
  if (!read_length(js, value, &length)) return false;
  char **strings = js_mallocz(js, (length + 1) * sizeof *strings);
  if (!strings) return false;
  for (size_t i = 0; i < length; i++) {
    JSValue element = JS_GetPropertyUint32(js, value, (uint32_t)i);
    const char *string;
    bool read = !JS_IsException(element) && read_string(js, element, &string);
    JS_FreeValue(js, element);
    if (!read) {
      free_strings(js, strings);
      return false;
    }
    strings[i] = (char *)string;
  }
  *result = strings;
  *count = length;
  return true;
}

void free_strings(JSContext *js, char **strings) {
  if (!strings) return;
  for (size_t i = 0; strings[i]; i++) JS_FreeCString(js, strings[i]);
  js_free(js, strings);
}

bool read_ints(JSContext *js, JSValueConst value, int **result, size_t *count) {
  size_t length;
  if (!read_length(js, value, &length)) return false;
  int *numbers = js_malloc(js, (length + 1) * sizeof *numbers);
  if (!numbers) return false;
  for (size_t i = 0; i < length; i++) {
    JSValue element = JS_GetPropertyUint32(js, value, (uint32_t)i);
    bool read = !JS_IsException(element) && read_int(js, element, &numbers[i]);
    JS_FreeValue(js, element);
    if (!read) {
      js_free(js, numbers);
      return false;
    }
  }
  *result = numbers;
  *count = length;
  return true;
}

bool read_bytes(JSContext *js, JSValueConst value, const uint8_t **result, size_t *length) {
  size_t offset, size, unit, whole;
  JSValue buffer = JS_GetTypedArrayBuffer(js, value, &offset, &size, &unit);
  if (JS_IsException(buffer)) return false;
  const uint8_t *memory = JS_GetArrayBuffer(js, &whole, buffer);
  /* The view keeps its buffer alive. */
  JS_FreeValue(js, buffer);
  if (unit != 1) return refuse(js, "a Uint8Array");
  if (!memory && size > 0) return false;
  *result = size > 0 ? memory + offset : (const uint8_t *)"";
  *length = size;
  return true;
}

static void free_memory(JSRuntime *runtime, void *opaque, void *memory) {
  (void)opaque;
  js_free_rt(runtime, memory);
}

JSValue make_bytes(JSContext *js, uint8_t *bytes, size_t length) {
  if (!bytes) return JS_EXCEPTION;
  JSValue buffer = JS_NewArrayBuffer(js, bytes, length, free_memory, NULL, false);
  if (JS_IsException(buffer)) {
    js_free(js, bytes);
    return buffer;
  }
  /* The engine reads three arguments, however many it is told of. */
  JSValueConst arguments[3] = {buffer, JS_UNDEFINED, JS_UNDEFINED};
  JSValue array = JS_NewTypedArray(js, 3, arguments, JS_TYPED_ARRAY_UINT8);
  JS_FreeValue(js, buffer);
  return array;
}

JSValue make_ints(JSContext *js, const int *numbers, size_t count) {
  JSValue array = JS_NewArray(js);
  if (JS_IsException(array)) return array;
  for (size_t i = 0; i < count; i++) {
    if (JS_SetPropertyUint32(js, array, (uint32_t)i, JS_NewInt32(js, numbers[i])) >= 0) continue;
    JS_FreeValue(js, array);
    return JS_EXCEPTION;
  }
  return array;
}

bool set_number(JSContext *js, JSValueConst object, const char *name, int64_t value) {
  return JS_SetPropertyStr(js, object, name, JS_NewInt64(js, value)) >= 0;
}

static bool set_string(JSContext *js, JSValueConst object, const char *name, const char *value) {
  JSValue string = JS_NewString(js, value);
  return !JS_IsException(string) && JS_DefinePropertyValueStr(js, object, name, string, JS_PROP_C_W_E) >= 0;
}

JSValue throw_system_error(JSContext *js, int error, const char *syscall, const char *path) {
  char message[4608];
  const char *name = strerrorname_np(error), *text = strerrordesc_np(error);
  if (!name) name = "UNKNOWN";
  if (!text) text = "unknown error";
  /* As Node and Go say it: glibc begins with a capital. */
  int first = tolower((unsigned char)text[0]);
  if (path) snprintf(message, sizeof message, "%s: %c%s, %s '%s'", name, first, text + 1, syscall, path);
  else snprintf(message, sizeof message, "%s: %c%s, %s", name, first, text + 1, syscall);
  JSValue object = JS_NewError(js);
  if (JS_IsException(object)) return object;
  JSValue string = JS_NewString(js, message);
  bool complete =
      !JS_IsException(string) &&
      JS_DefinePropertyValueStr(js, object, "message", string, JS_PROP_WRITABLE | JS_PROP_CONFIGURABLE) >= 0 &&
      set_string(js, object, "code", name) && set_number(js, object, "errno", -error) &&
      set_string(js, object, "syscall", syscall) && (!path || set_string(js, object, "path", path));
  if (complete) return JS_Throw(js, object);
  JS_FreeValue(js, object);
  return JS_EXCEPTION;
}

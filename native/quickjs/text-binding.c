#include <stdio.h>

#include "bindings.h"
#include "sha256.h"
#include "utf8.h"
#include "values.h"

/* The engine writes half a surrogate pair as if it were a character, in three bytes; so many has U+FFFD. */
static void replace_surrogates(uint8_t *bytes, size_t length) {
  for (size_t i = 0; i + 2 < length; i++) {
    if (bytes[i] == 0xED && bytes[i + 1] >= 0xA0) memcpy(bytes + i, "\xEF\xBF\xBD", 3);
  }
}

/* encodeUtf8(text): Uint8Array */
static JSValue encode_call(JSContext *js, JSValueConst self, int count, JSValueConst *arguments) {
  (void)self, (void)count;
  size_t length;
  const char *text = JS_ToCStringLen(js, &length, arguments[0]);
  if (!text) return JS_EXCEPTION;
  uint8_t *copy = js_malloc(js, length ? length : 1);
  if (copy) {
    memcpy(copy, text, length);
    replace_surrogates(copy, length);
  }
  JS_FreeCString(js, text);
  return make_bytes(js, copy, length);
}

/* decodeUtf8(bytes): string */
static JSValue decode_call(JSContext *js, JSValueConst self, int count, JSValueConst *arguments) {
  (void)self, (void)count;
  const uint8_t *bytes;
  size_t length;
  if (!read_bytes(js, arguments[0], &bytes, &length)) return JS_EXCEPTION;
  if (utf8_valid_length(bytes, length) == length) return JS_NewStringLen(js, (const char *)bytes, length);
  uint8_t *copy = js_malloc(js, 3 * length);
  if (!copy) return JS_EXCEPTION;
  JSValue result = JS_NewStringLen(js, (const char *)copy, utf8_repair(copy, bytes, length));
  js_free(js, copy);
  return result;
}

/* sha256(bytes): hexadecimal */
static JSValue sha256_call(JSContext *js, JSValueConst self, int count, JSValueConst *arguments) {
  (void)self, (void)count;
  const uint8_t *bytes;
  size_t length;
  uint8_t digest[sha256_size];
  char text[2 * sha256_size + 1];
  if (!read_bytes(js, arguments[0], &bytes, &length)) return JS_EXCEPTION;
  sha256(bytes, length, digest);
  for (int i = 0; i < sha256_size; i++) snprintf(text + 2 * i, 3, "%02x", digest[i]);
  return JS_NewStringLen(js, text, 2 * sha256_size);
}

static const JSCFunctionListEntry calls[] = {
    JS_CFUNC_DEF("encodeUtf8", 1, encode_call),
    JS_CFUNC_DEF("decodeUtf8", 1, decode_call),
    JS_CFUNC_DEF("sha256", 1, sha256_call),
};

void bind_text(JSContext *js, JSValueConst host) { BIND(js, host, calls); }

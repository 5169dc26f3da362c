#include "utf8.h"

#include <string.h>

/* The bytes that the second of a sequence may be, and how many follow the first (0: it begins none). */
struct shape {
  int following;
  uint8_t low, high;
};

static struct shape shape_of(uint8_t first) {
  if (first >= 0xC2 && first <= 0xDF) return (struct shape){1, 0x80, 0xBF};
  if (first == 0xE0) return (struct shape){2, 0xA0, 0xBF};
  if (first == 0xED) return (struct shape){2, 0x80, 0x9F};
  if (first >= 0xE1 && first <= 0xEF) return (struct shape){2, 0x80, 0xBF};
  if (first == 0xF0) return (struct shape){3, 0x90, 0xBF};
  if (first >= 0xF1 && first <= 0xF3) return (struct shape){3, 0x80, 0xBF};
  if (first == 0xF4) return (struct shape){3, 0x80, 0x8F};
  return (struct shape){0, 0, 0};
}

/* The length of the sequence at `bytes` when it is whole (positive), or, negative, of what could have begun one. */
static int sequence(const uint8_t *bytes, size_t length) {
  if (bytes[0] < 0x80) return 1;
  struct shape shape = shape_of(bytes[0]);
  if (shape.following == 0) return -1;
  for (int i = 1; i <= shape.following; i++) {
    uint8_t low = i == 1 ? shape.low : 0x80, high = i == 1 ? shape.high : 0xBF;
    if ((size_t)i >= length || bytes[i] < low || bytes[i] > high) return -i;
  }
  return shape.following + 1;
}

size_t utf8_valid_length(const uint8_t *bytes, size_t length) {
  size_t valid = 0;
  while (valid < length) {
    int step = sequence(bytes + valid, length - valid);
    if (step < 0) break;
    valid += (size_t)step;
  }
  return valid;
}

size_t utf8_repair(uint8_t *to, const uint8_t *bytes, size_t length) {
  uint8_t *end = to;
  while (length > 0) {
    int step = sequence(bytes, length);
    size_t taken = (size_t)(step < 0 ? -step : step);
    if (step < 0) memcpy(end, "\xEF\xBF\xBD", 3);
    else memcpy(end, bytes, taken);
    end += step < 0 ? 3 : taken;
    bytes += taken;
    length -= taken;
  }
  return (size_t)(end - to);
}

/* UTF-8 as the encoding standard has it: what is malformed becomes U+FFFD, and surrogates are malformed. */
#ifndef GANTRY_UTF8_H
#define GANTRY_UTF8_H

#include <stddef.h>
#include <stdint.h>

/* How many of the bytes are well-formed from the beginning. */
size_t utf8_valid_length(const uint8_t *bytes, size_t length);

/* Writes the bytes with each malformed part replaced, at most three times as many; returns how many. */
size_t utf8_repair(uint8_t *to, const uint8_t *bytes, size_t length);

#endif

/* SHA-256 (FIPS 180-4), for names: short inputs, nothing secret. */
#ifndef GANTRY_SHA256_H
#define GANTRY_SHA256_H

#include <stddef.h>
#include <stdint.h>

enum { sha256_size = 32 };

void sha256(const uint8_t *bytes, size_t length, uint8_t digest[sha256_size]);

#endif

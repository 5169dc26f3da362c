/*
 * The engine's memory: thousands of blocks of at most 512 bytes, which live long. They lie in pages of blocks of one size, without anything
 * between them; larger ones come from malloc. Measured against malloc for all: 80 KB less in a shim with one container, 200 KB less
 * (a fifth) after some thousand calls, as large buffers that come and go leave no holes among small blocks that stay.
 */
#ifndef GANTRY_SMALL_MEMORY_H
#define GANTRY_SMALL_MEMORY_H

#include <quickjs.h>

extern const JSMallocFunctions small_memory;

/* Bytes in blocks that share pages with others. Large ones have their own, and are gone when they are freed. */
size_t small_memory_kept(void);

#endif

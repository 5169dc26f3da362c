#include "memory.h"

#include <malloc.h>

void memory_limit_kept(void) {
  mallopt(M_MMAP_THRESHOLD, memory_large);
  mallopt(M_TRIM_THRESHOLD, 256 * 1024);
  /* Each thread that allocates would get an arena of its own, which keeps what is free in it. */
  mallopt(M_ARENA_MAX, 2);
}

void memory_trim(void) { malloc_trim(0); }

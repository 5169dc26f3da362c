/* small-memory-test SEED: takes, resizes and gives back blocks at random, and looks whether any of them changed meanwhile. */
#include "small-memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { places = 4096, rounds = 400000, limit = 1 << 20 };

struct place {
  uint8_t *block;
  size_t size;
  uint8_t mark;
};

static JSMallocState state = {.malloc_limit = limit};
static struct place all[places];

static void check(int right, const char *what) {
  if (right) return;
  printf("%s\n", what);
  exit(1);
}

static void check_block(const struct place *place, size_t size) {
  for (size_t i = 0; i < size; i++) check(place->block[i] == place->mark, "a block has changed");
}

/* Mostly as small as the engine's; now and then larger than what lies in pages. */
static size_t random_size(void) {
  size_t most = rand() % 20 == 0 ? 3000 : rand() % 3 == 0 ? 600 : 100;
  return 1 + (size_t)rand() % most;
}

static void fill(struct place *place, uint8_t *block, size_t size) {
  check((uintptr_t)block % 8 == 0, "a block is not aligned");
  check(small_memory.js_malloc_usable_size(block) >= size, "a block is too small");
  *place = (struct place){block, size, (uint8_t)rand()};
  memset(block, place->mark, size);
}

static void change(struct place *place) {
  size_t size = random_size();
  if (!place->block) {
    uint8_t *block = small_memory.js_malloc(&state, size);
    if (block) fill(place, block, size);
    else check(state.malloc_size + size > limit, "no memory, though there is");
  } else if (rand() % 3 == 0) {
    uint8_t *block = small_memory.js_realloc(&state, place->block, size);
    if (!block) return;
    place->block = block;
    check_block(place, size < place->size ? size : place->size);
    fill(place, block, size);
  } else {
    check_block(place, place->size);
    small_memory.js_free(&state, place->block);
    place->block = NULL;
  }
  check(state.malloc_size <= limit + 4096, "more than the limit was given");
}

/* Resident, in KiB. */
static long memory_now(void) {
  long size = 0, resident = 0;
  FILE *status = fopen("/proc/self/statm", "re");
  check(status && fscanf(status, "%ld %ld", &size, &resident) == 2, "no /proc/self/statm");
  fclose(status);
  return resident * 4;
}

static void fill_empty(size_t size) {
  for (int i = 0; i < places; i++) {
    if (!all[i].block) fill(&all[i], small_memory.js_malloc(&state, size), size);
  }
}

/* One of `nth`, at random. */
static void empty(int nth) {
  for (int i = 0; i < places; i++) {
    if (!all[i].block || rand() % nth != 0) continue;
    check_block(&all[i], all[i].size);
    small_memory.js_free(&state, all[i].block);
    all[i].block = NULL;
  }
}

/* Blocks of one size come and go, some of each page; then blocks of many sizes, all of them. That takes no more memory than it did at first. */
static void come_and_go(void) {
  fill_empty(64);
  long before = memory_now();
  for (int round = 0; round < 300; round++) {
    empty(2);
    fill_empty(64);
  }
  check(memory_now() - before < 256, "pages with room were not used again");
  empty(1);
  for (int round = 0; round < 100; round++) {
    size_t size = 139 - (size_t)round % 100;
    fill_empty(size);
    empty(1);
    if (round == 0) before = memory_now();
  }
  check(memory_now() - before < 1024, "empty pages were not used again");
  fill_empty(128);
  before = memory_now();
  empty(1);
  check(before - memory_now() > 256, "empty pages were not given back");
}

int main(int argc, char **argv) {
  check(argc == 2, "a seed is needed");
  srand((unsigned)atoi(argv[1]));
  check(small_memory.js_realloc(&state, NULL, 0) == NULL, "nothing was something");
  for (int round = 0; round < rounds; round++) {
    /* Waves, so that pages become empty and are used for other sizes. */
    int window = round / 20000 % 2 ? places : places / 16;
    change(&all[rand() % window]);
  }
  for (int i = 0; i < places; i++) {
    if (!all[i].block) continue;
    check_block(&all[i], all[i].size);
    check(small_memory.js_realloc(&state, all[i].block, 0) == NULL, "giving back answered something");
    all[i].block = NULL;
  }
  check(state.malloc_count == 0 && state.malloc_size == 0, "not all is accounted for");
  come_and_go();
  return 0;
}

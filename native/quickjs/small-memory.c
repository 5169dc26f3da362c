#include "small-memory.h"

#include <malloc.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "memory.h"

enum {
  page_size = 4096,
  largest = 512,
  /* Addresses that are set aside; memory is asked for in steps, as it is needed. Beyond them, all comes from malloc. */
  most_pages = 16 * 1024,
  step = 16,
  /* Pages without blocks whose memory is kept. */
  kept_pages = 16,
  none = 0,
};

/* Blocks of one size. Free ones hold the offset of the next free one, in steps of 8 bytes. */
struct page {
  uint16_t next_free; /* offset / 8 + 1 of the first free block that has been used before */
  uint16_t fresh;     /* offset of the blocks that never have */
  uint16_t used;      /* blocks */
  uint8_t size;       /* index of `sizes` */
  uint32_t before, after; /* pages of the size with room, or free pages: index + 1 */
};

static const uint16_t sizes[] = {16, 24, 32, 40, 48, 56, 64, 72, 80, 96, 112, 128, 144, 160, 192, 224, 256, 320, 384, 512};
enum { size_count = sizeof sizes / sizeof sizes[0] };

static struct page pages[most_pages];
static uint8_t *memory; /* of the first page */
static uint32_t opened, ready; /* pages that have been used; pages that may be */
static uint32_t with_room[size_count], free_pages; /* index + 1 */
static uint32_t free_count;
static size_t kept; /* bytes in blocks smaller than memory_large */

/* The smallest size with room for `size`, which is at most `largest`. */
static unsigned size_index(size_t size) {
  unsigned index;
  if (size <= 80) return size <= 16 ? 0 : (unsigned)((size - 1) / 8 - 1);
  for (index = 9; sizes[index] < size; index++) continue;
  return index;
}

static bool is_small(const void *block) {
  return memory && (const uint8_t *)block >= memory && (const uint8_t *)block < memory + (size_t)opened * page_size;
}

static struct page *page_of(const void *block) { return &pages[((const uint8_t *)block - memory) / page_size]; }

static uint8_t *place_of(const struct page *page) { return memory + (size_t)(page - pages) * page_size; }

static void link_page(uint32_t *list, struct page *page) {
  uint32_t number = (uint32_t)(page - pages) + 1;
  page->before = none;
  page->after = *list;
  if (*list) pages[*list - 1].before = number;
  *list = number;
}

static void unlink_page(uint32_t *list, const struct page *page) {
  if (page->before) pages[page->before - 1].after = page->after;
  else *list = page->after;
  if (page->after) pages[page->after - 1].before = page->before;
}

static bool make_ready(void) {
  if (!memory) {
    void *place = mmap(NULL, (size_t)most_pages * page_size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (place == MAP_FAILED) return false;
    memory = place;
  }
  if (ready + step > most_pages) return false;
  if (mprotect(memory + (size_t)ready * page_size, (size_t)step * page_size, PROT_READ | PROT_WRITE) != 0) return false;
  ready += step;
  return true;
}

/* A page without blocks; NULL when there are no more. */
static struct page *open_page(void) {
  if (free_pages) {
    struct page *page = &pages[free_pages - 1];
    unlink_page(&free_pages, page);
    free_count--;
    return page;
  }
  if (opened == ready && !make_ready()) return NULL;
  return &pages[opened++];
}

static bool is_full(const struct page *page) { return !page->next_free && page->fresh + sizes[page->size] > page_size; }

static void *take(size_t size) {
  unsigned index = size_index(size);
  struct page *page = with_room[index] ? &pages[with_room[index] - 1] : open_page();
  if (!page) return malloc(size);
  if (!with_room[index]) {
    *page = (struct page){.size = (uint8_t)index};
    link_page(&with_room[index], page);
  }
  uint8_t *block;
  if (page->next_free) {
    block = place_of(page) + (page->next_free - 1) * 8;
    page->next_free = *(const uint16_t *)(const void *)block;
  } else {
    block = place_of(page) + page->fresh;
    page->fresh = (uint16_t)(page->fresh + sizes[index]);
  }
  page->used++;
  if (is_full(page)) unlink_page(&with_room[index], page);
  return block;
}

static void give_back(void *block) {
  struct page *page = page_of(block);
  bool was_full = is_full(page);
  *(uint16_t *)block = page->next_free;
  page->next_free = (uint16_t)(((uint8_t *)block - place_of(page)) / 8 + 1);
  page->used--;
  if (was_full) link_page(&with_room[page->size], page);
  if (page->used > 0) return;
  unlink_page(&with_room[page->size], page);
  link_page(&free_pages, page);
  if (++free_count > kept_pages) madvise(place_of(page), page_size, MADV_DONTNEED);
}

static size_t room_of(const void *block) {
  if (!block) return 0;
  return is_small(block) ? sizes[page_of(block)->size] : malloc_usable_size((void *)block);
}

static void add(JSMallocState *state, size_t room) {
  state->malloc_size += room;
  if (room < memory_large) kept += room;
}

static void subtract(JSMallocState *state, size_t room) {
  state->malloc_size -= room;
  if (room < memory_large) kept -= room;
}

static void *allocate(JSMallocState *state, size_t size) {
  if (state->malloc_size + size > state->malloc_limit) return NULL;
  void *block = size <= largest ? take(size) : malloc(size);
  if (!block) return NULL;
  state->malloc_count++;
  add(state, room_of(block));
  return block;
}

static void release(JSMallocState *state, void *block) {
  if (!block) return;
  state->malloc_count--;
  subtract(state, room_of(block));
  if (is_small(block)) give_back(block);
  else free(block);
}

static void *resize(JSMallocState *state, void *block, size_t size) {
  if (!block) return size ? allocate(state, size) : NULL;
  if (!size) {
    release(state, block);
    return NULL;
  }
  size_t room = room_of(block);
  if (is_small(block) && size <= largest && size_index(size) == page_of(block)->size) return block;
  if (state->malloc_size - room + size > state->malloc_limit) return NULL;
  if (!is_small(block) && size > largest) {
    void *moved = realloc(block, size);
    if (!moved) return NULL;
    subtract(state, room);
    add(state, room_of(moved));
    return moved;
  }
  void *copy = allocate(state, size);
  if (!copy) return NULL;
  memcpy(copy, block, room < size ? room : size);
  release(state, block);
  return copy;
}

size_t small_memory_kept(void) { return kept; }

const JSMallocFunctions small_memory = {allocate, release, resize, room_of};

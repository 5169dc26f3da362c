#include "timers.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

#include "handles.h"

struct timer {
  uint64_t deadline;
  uint64_t order; /* among those of one deadline */
  uint64_t handle;
  timer_expired *expired;
  void *data;
  size_t place; /* in the heap */
};

static struct handles handles;
static struct timer **heap;
static size_t count, room;
static uint64_t timers_so_far;

uint64_t timers_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static bool before(const struct timer *a, const struct timer *b) {
  return a->deadline != b->deadline ? a->deadline < b->deadline : a->order < b->order;
}

static void put(struct timer *timer, size_t place) {
  heap[place] = timer;
  timer->place = place;
}

/* Puts `timer` at the free `place` or above it. */
static void rise(struct timer *timer, size_t place) {
  while (place > 0 && before(timer, heap[(place - 1) / 2])) {
    put(heap[(place - 1) / 2], place);
    place = (place - 1) / 2;
  }
  put(timer, place);
}

/* Puts `timer` at the free `place` or below it. */
static void sink(struct timer *timer, size_t place) {
  for (;;) {
    size_t child = 2 * place + 1;
    if (child >= count) break;
    if (child + 1 < count && before(heap[child + 1], heap[child])) child++;
    if (!before(heap[child], timer)) break;
    put(heap[child], place);
    place = child;
  }
  put(timer, place);
}

static void *forget(struct timer *timer) {
  void *data = timer->data;
  size_t place = timer->place;
  struct timer *last = heap[--count];
  if (last != timer) {
    if (place > 0 && before(last, heap[(place - 1) / 2])) rise(last, place);
    else sink(last, place);
  }
  handles_remove(&handles, timer->handle);
  free(timer);
  return data;
}

uint64_t timers_set(uint64_t milliseconds, timer_expired *expired, void *data) {
  if (count == room) {
    size_t wanted = room ? room * 2 : 16;
    struct timer **larger = realloc(heap, wanted * sizeof *heap);
    if (!larger) return 0;
    heap = larger;
    room = wanted;
  }
  struct timer *timer = calloc(1, sizeof *timer);
  if (!timer) return 0;
  /* A year at most, so that nothing overflows. */
  const uint64_t most = UINT64_C(366) * 86400 * 1000;
  if (milliseconds > most) milliseconds = most;
  *timer = (struct timer){timers_now() + milliseconds * 1000000, timers_so_far++, 0, expired, data, 0};
  timer->handle = handles_add(&handles, timer);
  if (!timer->handle) {
    free(timer);
    errno = ENOMEM;
    return 0;
  }
  rise(timer, count++);
  return timer->handle;
}

void *timers_clear(uint64_t handle) {
  struct timer *timer = handles_find(&handles, handle);
  return timer ? forget(timer) : NULL;
}

int timers_wait(void) {
  if (count == 0) return -1;
  uint64_t now = timers_now(), deadline = heap[0]->deadline;
  if (deadline <= now) return 0;
  uint64_t milliseconds = (deadline - now + 999999) / 1000000;
  return milliseconds > INT_MAX ? INT_MAX : (int)milliseconds;
}

void timers_expire(void (*after)(void)) {
  if (count == 0) return;
  uint64_t now = timers_now(), end = timers_so_far;
  while (count > 0 && heap[0]->deadline <= now && heap[0]->order < end) {
    timer_expired *expired = heap[0]->expired;
    expired(forget(heap[0]));
    after();
  }
}

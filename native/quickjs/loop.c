#include "loop.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "handles.h"
#include "timers.h"

enum { batch = 32 };

struct watch {
  int fd;
  uint32_t events;
  loop_ready *ready;
  void *data;
};

static int epoll = -1;
static struct handles watches;

int loop_open(void) {
  epoll = epoll_create1(EPOLL_CLOEXEC);
  return epoll < 0 ? errno : 0;
}

/* Without events a descriptor is taken out altogether: epoll would go on telling of a peer that hung up. */
static int apply(const struct watch *watch, uint64_t handle, uint32_t before) {
  struct epoll_event event = {.events = watch->events, .data.u64 = handle};
  int operation = !watch->events ? EPOLL_CTL_DEL : before ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
  if (!watch->events && !before) return 0;
  return epoll_ctl(epoll, operation, watch->fd, &event) == 0 ? 0 : errno;
}

uint64_t loop_watch(int fd, uint32_t events, loop_ready *ready, void *data) {
  struct watch *watch = malloc(sizeof *watch);
  if (!watch) return 0;
  *watch = (struct watch){fd, events, ready, data};
  uint64_t handle = handles_add(&watches, watch);
  int error = handle ? apply(watch, handle, 0) : ENOMEM;
  if (!error) return handle;
  handles_remove(&watches, handle);
  free(watch);
  errno = error;
  return 0;
}

int loop_change_watch(uint64_t handle, uint32_t events) {
  struct watch *watch = handles_find(&watches, handle);
  if (!watch) return ENOENT;
  uint32_t before = watch->events;
  if (before == events) return 0;
  watch->events = events;
  int error = apply(watch, handle, before);
  if (error) watch->events = before;
  return error;
}

void *loop_end_watch(uint64_t handle) {
  struct watch *watch = handles_remove(&watches, handle);
  if (!watch) return NULL;
  void *data = watch->data;
  if (watch->events) epoll_ctl(epoll, EPOLL_CTL_DEL, watch->fd, NULL);
  free(watch);
  return data;
}

uint64_t loop_set_timer(uint64_t milliseconds, loop_expired *expired, void *data) {
  return timers_set(milliseconds, expired, data);
}

void *loop_clear_timer(uint64_t timer) { return timers_clear(timer); }

int loop_run(void (*after)(void)) {
  struct epoll_event events[batch];
  for (;;) {
    int wait = timers_wait();
    if (wait < 0 && watches.count == 0) return 0;
    int count = epoll_wait(epoll, events, batch, wait);
    if (count < 0 && errno != EINTR) return errno;
    for (int i = 0; i < count; i++) {
      const struct watch *watch = handles_find(&watches, events[i].data.u64);
      if (!watch || !watch->events) continue;
      watch->ready(watch->data, events[i].events);
      after();
    }
    timers_expire(after);
  }
}

int loop_reopen(void) {
  int error = loop_open();
  if (error) return error;
  for (uint32_t i = 0; i < watches.room; i++) {
    struct watch *watch = watches.slots[i].thing;
    if (!watch) continue;
    if (apply(watch, handles_number(&watches, i), 0) != 0) watch->events = 0;
  }
  return 0;
}

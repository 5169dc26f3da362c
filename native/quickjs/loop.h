/*
 * The process's one loop: descriptors by epoll, and timers. Everything runs on one thread; callbacks may add, change and
 * remove whatever they like, themselves included, and none is called for what was removed before.
 */
#ifndef GANTRY_LOOP_H
#define GANTRY_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* `events` as epoll tells them: EPOLLERR and EPOLLHUP may come unasked. */
typedef void loop_ready(void *data, uint32_t events);
typedef void loop_expired(void *data);

/* Returns 0 or an errno. */
int loop_open(void);

/* Calls back whenever `fd` is ready (level-triggered). With no events it is not looked at. Returns a handle, or 0 with errno. */
uint64_t loop_watch(int fd, uint32_t events, loop_ready *ready, void *data);
/* Returns 0 or an errno; ENOENT for a watch that is no more. */
int loop_change_watch(uint64_t watch, uint32_t events);
/* Before `fd` is closed. Returns the watch's data, NULL when it is no more. */
void *loop_end_watch(uint64_t watch);

/* Calls back once, no sooner than after so many milliseconds; equal times in the order in which they were set. Returns a handle, or 0 with errno. */
uint64_t loop_set_timer(uint64_t milliseconds, loop_expired *expired, void *data);
/* Returns the timer's data, NULL when it is no more. */
void *loop_clear_timer(uint64_t timer);

/* Calls back until there is nothing left to wait for; `after` follows each callback. Returns 0 or an errno. */
int loop_run(void (*after)(void));

/*
 * In a child of fork(2) that has closed what it does not keep: a loop of its own, with all timers and the watches of descriptors that are
 * still open. What was watched on others is forgotten. Returns 0 or an errno.
 */
int loop_reopen(void);

#endif

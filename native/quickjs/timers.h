/* What is to happen when: a heap of deadlines. */
#ifndef GANTRY_TIMERS_H
#define GANTRY_TIMERS_H

#include <stdint.h>

typedef void timer_expired(void *data);

/* Nanoseconds of a clock that nobody sets. */
uint64_t timers_now(void);

/* Returns a handle, or 0 with errno ENOMEM. */
uint64_t timers_set(uint64_t milliseconds, timer_expired *expired, void *data);
/* Returns the timer's data, NULL when it is no more. */
void *timers_clear(uint64_t timer);

/* Milliseconds until the next is due, rounded up; -1 when there is none. */
int timers_wait(void);
/* Calls those back that are due now, and `after` after each; not those that are set meanwhile. */
void timers_expire(void (*after)(void));

#endif

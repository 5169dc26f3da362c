/*
 * The times of a log's records, in the form of RFC 3339 with nanoseconds, in UTC. The clock is read once for what is read at once; of records that came together,
 * each is a nanosecond after the one before, so that no two have the same time and sorting by it leaves them in order.
 */
#ifndef GANTRY_CRI_LOG_TIME_H
#define GANTRY_CRI_LOG_TIME_H

#include <time.h>

enum { time_length = 30 /* "2006-01-02T15:04:05.000000000Z" */ };

/* All zero before the first reading. */
struct cri_log_time {
  struct timespec last;
  char text[time_length + 1];
};

/* Reads the clock. One that was set back is followed, but for a few records' nanoseconds. */
void cri_log_time_read(struct cri_log_time *time);
/* The next record's time_length characters; valid until the next call. */
const char *cri_log_time_next(struct cri_log_time *time);

#endif

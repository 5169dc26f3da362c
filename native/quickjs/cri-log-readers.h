/*
 * Sends what comes to any number of readers. All share one backlog of reader_backlog bytes. When the slowest has that much to catch up with, the stream
 * is held, until it has caught up with half of it; if that takes longer than reader_patience, it is sent away. So a reader that takes 32 KiB a
 * second stays, however much there is to read, and none holds the stream for longer than a second for each half of the backlog.
 */
#ifndef GANTRY_CRI_LOG_READERS_H
#define GANTRY_CRI_LOG_READERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { reader_backlog = 64 * 1024, reader_patience = 1000 /* ms */, reader_farewell = 10000 /* ms, after the stream's end */ };

struct reader;
typedef void reader_left(void *data, int reason);

/* All zero, but for `resume` and `data`, is a stream without readers. */
struct readers {
  char *backlog;
  uint64_t head; /* bytes so far */
  struct reader *first;
  bool held, ended;
  uint64_t timer;
  void (*resume)(void *data); /* the stream is no longer held */
  void *data;
};

/* How much may come now; 0 begins to hold the stream. */
size_t readers_room(struct readers *readers);
/* At most as much as there is room for. */
void readers_feed(struct readers *readers, const char *bytes, size_t length);
void readers_end(struct readers *readers);
/* The descriptor is ours, failure or not. Returns an errno. `left` is called from the loop, even after readers_close. */
int readers_attach(struct readers *readers, int fd, reader_left *left, void *data);
void readers_close(struct readers *readers);

#endif

#include "cri-log-readers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/uio.h>
#include <unistd.h>

#include "loop.h"

struct reader {
  struct readers *readers;
  struct reader *next;
  int fd;
  uint64_t watch;
  uint64_t position; /* of the stream */
  reader_left *left;
  void *data;
  int reason;
};

static size_t behind(const struct reader *reader) { return (size_t)(reader->readers->head - reader->position); }

static void tell(void *data) {
  struct reader *reader = data;
  reader->left(reader->data, reader->reason);
  free(reader);
}

static void forget_timer(struct readers *readers) {
  loop_clear_timer(readers->timer);
  readers->timer = 0;
}

static void free_when_unused(struct readers *readers) {
  if (readers->first) return;
  free(readers->backlog);
  readers->backlog = NULL;
}

/* The owner learns of it later, when nobody stands in the middle of the list. */
static void leave(struct reader *reader, int reason) {
  struct reader **place = &reader->readers->first;
  while (*place != reader) place = &(*place)->next;
  *place = reader->next;
  loop_end_watch(reader->watch);
  close(reader->fd);
  reader->reason = reason;
  if (!loop_set_timer(0, tell, reader)) free(reader);
}

/* Sends a reader what it has not got, as far as it takes it. It may be gone then. */
static void send_to(struct reader *reader) {
  struct readers *readers = reader->readers;
  size_t rest;
  while ((rest = behind(reader)) > 0) {
    size_t start = reader->position % reader_backlog;
    size_t first = rest < reader_backlog - start ? rest : reader_backlog - start;
    struct iovec pieces[2] = {{readers->backlog + start, first}, {readers->backlog, rest - first}};
    ssize_t count = writev(reader->fd, pieces, rest > first ? 2 : 1);
    if (count >= 0) {
      reader->position += (size_t)count;
      continue;
    }
    if (errno == EINTR) continue;
    if (errno == EAGAIN) return;
    leave(reader, errno);
    return;
  }
  if (readers->ended) leave(reader, 0);
}

static size_t slowest(const struct readers *readers) {
  size_t most = 0;
  for (const struct reader *reader = readers->first; reader; reader = reader->next) {
    if (behind(reader) > most) most = behind(reader);
  }
  return most;
}

static void go_on_if_caught_up(struct readers *readers) {
  if (readers->held && slowest(readers) <= reader_backlog / 2) {
    readers->held = false;
    forget_timer(readers);
    readers->resume(readers->data);
  }
  if (!readers->first) forget_timer(readers);
  free_when_unused(readers);
}

static void send_away(struct readers *readers, size_t most_behind) {
  for (struct reader *reader = readers->first, *next; reader; reader = next) {
    next = reader->next;
    if (behind(reader) > most_behind) leave(reader, EAGAIN);
  }
  go_on_if_caught_up(readers);
}

static void out_of_patience(void *data) {
  struct readers *readers = data;
  readers->timer = 0;
  send_away(readers, readers->ended ? 0 : reader_backlog / 2);
}

size_t readers_room(struct readers *readers) {
  if (!readers->first) return SIZE_MAX;
  if (readers->held) return 0;
  size_t room = reader_backlog - slowest(readers);
  if (room > 0) return room;
  readers->timer = loop_set_timer(reader_patience, out_of_patience, readers);
  if (!readers->timer) {
    send_away(readers, reader_backlog / 2);
    return reader_backlog - slowest(readers);
  }
  readers->held = true;
  return 0;
}

void readers_feed(struct readers *readers, const char *bytes, size_t length) {
  if (!readers->first) return;
  size_t start = readers->head % reader_backlog;
  size_t first = length < reader_backlog - start ? length : reader_backlog - start;
  memcpy(readers->backlog + start, bytes, first);
  memcpy(readers->backlog, bytes + first, length - first);
  readers->head += length;
  for (struct reader *reader = readers->first, *next; reader; reader = next) {
    next = reader->next;
    send_to(reader);
  }
  free_when_unused(readers);
}

void readers_end(struct readers *readers) {
  if (readers->ended) return;
  readers->ended = true;
  readers->held = false;
  forget_timer(readers);
  for (struct reader *reader = readers->first, *next; reader; reader = next) {
    next = reader->next;
    send_to(reader);
  }
  if (readers->first) readers->timer = loop_set_timer(reader_farewell, out_of_patience, readers);
  free_when_unused(readers);
}

/* Edge-triggered: room that is not needed does not wake again, and a reader that hangs up does. */
static void reader_ready(void *data, uint32_t events) {
  struct reader *reader = data;
  struct readers *readers = reader->readers;
  if (events & (EPOLLERR | EPOLLHUP)) leave(reader, EPIPE);
  else send_to(reader);
  go_on_if_caught_up(readers);
}

int readers_attach(struct readers *readers, int fd, reader_left *left, void *data) {
  struct reader *reader = calloc(1, sizeof *reader);
  if (reader && !readers->backlog) readers->backlog = malloc(reader_backlog);
  if (reader) *reader = (struct reader){readers, NULL, fd, 0, readers->head, left, data, 0};
  if (reader && readers->backlog) {
    reader->watch = loop_watch(fd, EPOLLOUT | EPOLLET, reader_ready, reader);
    if (reader->watch) {
      reader->next = readers->first;
      readers->first = reader;
      if (readers->ended) leave(reader, 0);
      free_when_unused(readers);
      return 0;
    }
  }
  int error = reader && readers->backlog ? errno : ENOMEM;
  free(reader);
  free_when_unused(readers);
  close(fd);
  return error;
}

void readers_close(struct readers *readers) {
  readers->ended = true;
  while (readers->first) leave(readers->first, behind(readers->first) == 0 ? 0 : EAGAIN);
  forget_timer(readers);
  free_when_unused(readers);
}

#include "relay.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cri-log.h"
#include "loop.h"
#include "relay-buffer.h"

enum {
  /* What fills a page is much. A splice takes a slot of the sink's pipe for every piece, however short, and a slot holds a page: lines that
     trickle are copied, so that the kernel puts them together and a pipe that nobody reads still takes its 64 KiB. */
  page = 4096,
  /* At a time, so that one container does not hold the loop. */
  turn = 1024 * 1024,
};

/* What came of a step. */
enum step { moved_some, wait_for_event, source_ended, failed };

struct relay {
  struct relay_request request;
  uint64_t source_watch;
  uint64_t sink_watch; /* 0: a regular file, or none */
  bool splices;        /* both are pipes */
  bool bulk;           /* there was much of late */
  bool blocked;        /* the sink is full */
  bool sink_gone;      /* nobody will read from it again */
  bool finishing;
  struct relay_outcome outcome;
  /* What was read and has not been taken. */
  char *carry;
  size_t carry_start, carry_end;
};

static bool is_pipe(int fd) {
  struct stat status;
  return fstat(fd, &status) == 0 && S_ISFIFO(status.st_mode);
}

/* Until the sink has room, what comes to the source need not wake us. */
static void set_blocked(struct relay *relay, bool blocked) {
  if (relay->blocked == blocked) return;
  relay->blocked = blocked;
  loop_change_watch(relay->source_watch, blocked ? EPOLLET : EPOLLIN | EPOLLET);
}

static void lose(struct relay *relay, size_t count) {
  relay->outcome.lost += count;
  relay->outcome.error = errno;
  if (errno == EPIPE) relay->sink_gone = true;
}

/* Writes what the sink takes. A count below `length` means that the sink is full; -1 that the relay ends. */
static ssize_t offer(struct relay *relay, const char *bytes, size_t length) {
  size_t taken = 0;
  while (taken < length) {
    if (relay->sink_gone || relay->request.sink < 0) {
      if (relay->sink_gone) relay->outcome.lost += length - taken;
      return (ssize_t)length;
    }
    ssize_t count = write(relay->request.sink, bytes + taken, length - taken);
    if (count > 0) {
      taken += (size_t)count;
      relay->outcome.moved += (size_t)count;
      continue;
    }
    if (count == 0) errno = EIO;
    if (errno == EINTR) continue;
    bool full = errno == EAGAIN || (relay->request.terminal && errno == EIO);
    if (full && relay->sink_watch) {
      set_blocked(relay, true);
      return (ssize_t)taken;
    }
    if (!relay->request.lossy) return -1;
    lose(relay, length - taken);
    return (ssize_t)length;
  }
  return (ssize_t)taken;
}

static enum step flush_carry(struct relay *relay) {
  ssize_t taken = offer(relay, relay->carry + relay->carry_start, relay->carry_end - relay->carry_start);
  if (taken < 0) return failed;
  relay->carry_start += (size_t)taken;
  if (relay->carry_start < relay->carry_end) return wait_for_event;
  free(relay->carry);
  relay->carry = NULL;
  relay->carry_start = relay->carry_end = 0;
  return moved_some;
}

/* Gives all that was read to the sink, and keeps what that has no room for. */
static enum step deliver(struct relay *relay, const char *bytes, size_t length) {
  ssize_t taken = offer(relay, bytes, length);
  if (taken < 0) return failed;
  size_t rest = length - (size_t)taken;
  if (rest == 0) return moved_some;
  relay->carry = malloc(rest);
  if (!relay->carry) {
    errno = ENOMEM;
    if (!relay->request.lossy) return failed;
    lose(relay, rest);
    return wait_for_event;
  }
  memcpy(relay->carry, bytes + taken, rest);
  relay->carry_end = rest;
  return wait_for_event;
}

/* One has nothing or the other no room: as it is now, for either may have changed. The end of an empty source hides behind a full sink. */
static enum step look_at_both(struct relay *relay) {
  struct pollfd ends[2] = {{.fd = relay->request.source, .events = POLLIN}, {.fd = relay->request.sink, .events = POLLOUT}};
  poll(ends, 2, 0);
  bool some = ends[0].revents & POLLIN, room = ends[1].revents & (POLLOUT | POLLERR);
  if (some && room) return moved_some;
  if (some) set_blocked(relay, true);
  else if (ends[0].revents & POLLHUP) return source_ended;
  return wait_for_event;
}

static enum step splice_some(struct relay *relay, size_t *budget) {
  ssize_t count = splice(relay->request.source, NULL, relay->request.sink, NULL, *budget, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
  if (count > 0) {
    relay->outcome.moved += (size_t)count;
    *budget -= (size_t)count;
    relay->bulk = count >= page;
    return *budget > 0 ? look_at_both(relay) : moved_some;
  }
  if (count == 0) return source_ended;
  if (errno == EINTR) return moved_some;
  if (errno == EAGAIN) {
    *budget -= *budget < page ? *budget : page;
    return look_at_both(relay);
  }
  if (!relay->request.lossy) return failed;
  lose(relay, 0);
  if (errno != EPIPE) relay->splices = false;
  return moved_some;
}

static enum step read_failed(const struct relay *relay) {
  if (errno == EINTR) return moved_some;
  if (errno == EAGAIN) return wait_for_event;
  /* A terminal whose other side nobody has open now. */
  if (errno == EIO && relay->request.terminal) return relay->finishing ? source_ended : wait_for_event;
  return failed;
}

static enum step copy_some(struct relay *relay, size_t *budget) {
  char local[page];
  char *large = relay->bulk ? relay_buffer(area_read) : NULL;
  size_t most = large ? relay_buffer_size : sizeof local;
  if (relay->request.log) {
    size_t room = cri_log_room(relay->request.log);
    if (room == 0) return wait_for_event;
    if (room < most) most = room;
  }
  char *bytes = large ? large : local;
  ssize_t count = read(relay->request.source, bytes, most);
  if (count == 0) return source_ended;
  if (count < 0) return read_failed(relay);
  *budget -= *budget < (size_t)count ? *budget : (size_t)count;
  enum step step = moved_some;
  if (relay->request.log) {
    cri_log_feed(relay->request.log, bytes, (size_t)count);
    relay->outcome.moved += (size_t)count;
  } else {
    step = deliver(relay, bytes, (size_t)count);
  }
  relay->bulk = count >= page;
  return step;
}

static enum step take_step(struct relay *relay, size_t *budget) {
  if (relay->carry) return flush_carry(relay);
  if (relay->splices && relay->bulk && !relay->sink_gone) return splice_some(relay, budget);
  return copy_some(relay, budget);
}

static void *release(struct relay *relay) {
  void *data = relay->request.data;
  loop_end_watch(relay->source_watch);
  loop_end_watch(relay->sink_watch);
  free(relay->carry);
  free(relay);
  return data;
}

static void end(struct relay *relay) {
  if (relay->request.log) cri_log_end(relay->request.log);
  struct relay_outcome outcome = relay->outcome;
  relay_ended *ended = relay->request.ended;
  ended(release(relay), &outcome);
}

static void run(struct relay *relay) {
  size_t budget = turn;
  while (budget > 0) {
    enum step step = take_step(relay, &budget);
    if (step == moved_some) continue;
    if (step == wait_for_event) return;
    if (step == failed) relay->outcome.error = errno;
    end(relay);
    return;
  }
  relay_wake(relay);
}

/* Both are watched edge-triggered: a hang-up that has been seen, or room that is not needed, does not wake again. */
static void source_ready(void *data, uint32_t events) {
  (void)events;
  struct relay *relay = data;
  if (!relay->blocked) run(relay);
}

static void sink_ready(void *data, uint32_t events) {
  struct relay *relay = data;
  set_blocked(relay, false);
  /* Told apart from being full by the write, which fails. */
  if (events & EPOLLERR && !relay->request.lossy && !relay->request.terminal) {
    relay->outcome.error = EPIPE;
    end(relay);
    return;
  }
  run(relay);
}

static bool watch_both(struct relay *relay) {
  relay->source_watch = loop_watch(relay->request.source, EPOLLIN | EPOLLET, source_ready, relay);
  if (!relay->source_watch) return false;
  if (relay->request.sink < 0) return true;
  relay->sink_watch = loop_watch(relay->request.sink, EPOLLOUT | EPOLLET, sink_ready, relay);
  /* A regular file takes all. */
  return relay->sink_watch || errno == EPERM;
}

struct relay *relay_start(const struct relay_request *request) {
  struct relay *relay = calloc(1, sizeof *relay);
  if (!relay) return NULL;
  relay->request = *request;
  if (request->log) relay->request.sink = -1;
  relay->splices = relay->request.sink >= 0 && is_pipe(request->source) && is_pipe(request->sink);
  if (watch_both(relay)) {
    if (request->log) cri_log_feed_from(request->log, relay);
    return relay;
  }
  int error = errno;
  release(relay);
  errno = error;
  return NULL;
}

void *relay_stop(struct relay *relay) {
  if (relay->request.log) cri_log_end(relay->request.log);
  return release(relay);
}

void relay_finish(struct relay *relay) {
  relay->finishing = true;
  relay_wake(relay);
}

void relay_wake(struct relay *relay) {
  if (relay->blocked) return;
  loop_change_watch(relay->source_watch, 0);
  loop_change_watch(relay->source_watch, EPOLLIN | EPOLLET);
}

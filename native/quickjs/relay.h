/*
 * Moves bytes from one descriptor to another, or into a CRI log, within the loop: by splice(2) where both are pipes and there is much to
 * move, else through a buffer. What the taker has no room for stays in the source, so that whoever writes there waits.
 */
#ifndef GANTRY_RELAY_H
#define GANTRY_RELAY_H

#include <stdbool.h>
#include <stdint.h>

struct relay;
struct cri_log_stream;

struct relay_outcome {
  uint64_t moved; /* bytes */
  uint64_t lost;  /* bytes that the sink refused; only where `lossy` */
  int error;      /* why it ended, 0 for the source's end; the last refusal where `lossy` */
};

typedef void relay_ended(void *data, const struct relay_outcome *outcome);

struct relay_request {
  int source;                 /* non-blocking; not a regular file */
  int sink;                   /* non-blocking, or a regular file; -1: nowhere */
  struct cri_log_stream *log; /* instead of a sink, or NULL */
  bool terminal;              /* one of the two is a terminal's master, whose other side may be closed and opened again */
  bool lossy;                 /* a sink that fails never ends the relay: what it does not take is dropped */
  relay_ended *ended;         /* the relay is no more when it is called */
  void *data;
};

/* The descriptors stay the caller's, open until the relay has ended or was stopped. Returns NULL with errno. */
struct relay *relay_start(const struct relay_request *request);
/* Ends it without a word. Returns its data. */
void *relay_stop(struct relay *relay);
/* Nobody will open the terminal's other side again: once it is closed, and all is moved, that is the end. */
void relay_finish(struct relay *relay);
/* Looks again whether there is something to do, from the loop. */
void relay_wake(struct relay *relay);

#endif

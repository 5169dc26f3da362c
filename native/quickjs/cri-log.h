/*
 * Writes output of a container as the log that Kubernetes reads: a record a line, `<RFC 3339 time in UTC> <stream> <P|F> <line>\n`, where P says that
 * the line goes on in the next record of the stream. Two streams, stdout and stderr, share the file; records of the one never lie within those of
 * the other. A `\r` before the `\n` is dropped, as containerd does. A file that takes nothing (a full disk) costs records, never the container's life:
 * whole records are dropped until there is room.
 *
 * Besides, any number of readers get the bytes of a stream as they come, see cri-log-readers.h.
 *
 * open, cri_log_stream for each, relay_start, …, cri_log_close. An open log may be told to open its path anew at any time: the file may have been renamed.
 */
#ifndef GANTRY_CRI_LOG_H
#define GANTRY_CRI_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cri_log;
struct cri_log_stream;
struct relay;

enum { cri_log_longest_line = 1024 * 1024 };

struct cri_log_state {
  uint64_t written; /* bytes, of records */
  uint64_t lost;    /* bytes, of records that the file did not take */
  int error;        /* of the last write that failed; 0 when the last one did not */
};

/* Appends to `path`, which is made (0640) if missing. `most` is how many bytes of a line fit into a record, at most cri_log_longest_line. NULL with errno. */
struct cri_log *cri_log_open(const char *path, size_t most);
/* Whatever feeds it must have been stopped or have ended. Readers are closed. */
void cri_log_close(struct cri_log *log);
/* Returns 0, or an errno; then the log goes on in the file that it has. */
int cri_log_reopen(struct cri_log *log);
struct cri_log_state cri_log_state(const struct cri_log *log);

/* `error`: stderr instead of stdout. */
struct cri_log_stream *cri_log_stream(struct cri_log *log, bool error);

/* What the relay that feeds a stream needs. How much may be fed: 0 while a reader holds it back; then the relay is woken when there is room again. */
size_t cri_log_room(struct cri_log_stream *stream);
void cri_log_feed_from(struct cri_log_stream *stream, struct relay *relay);
void cri_log_feed(struct cri_log_stream *stream, const char *bytes, size_t length);
/* Nothing more will come: what waits for the end of its line is written as it is (P), and readers end when they have got all. */
void cri_log_end(struct cri_log_stream *stream);

/*
 * Sends what comes from now on to the descriptor (a pipe, FIFO or socket, non-blocking), which is the log's from now on, and calls `left` when it is
 * closed, whatever the reason: 0 at the stream's end, EPIPE when nobody reads it, EAGAIN when it fell behind. Returns an errno.
 */
typedef void cri_log_reader_left(void *data, int reason);
int cri_log_attach(struct cri_log_stream *stream, int fd, cri_log_reader_left *left, void *data);

#endif

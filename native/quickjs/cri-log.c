#include "cri-log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cri-log-file.h"
#include "cri-log-readers.h"
#include "cri-log-time.h"
#include "relay-buffer.h"
#include "relay.h"

enum {
  local_room = 4096,
  name_length = 8,                         /* " stdout " */
  header_length = time_length + name_length + 2, /* and "F " */
};

/* What has come of a line whose end, or whose next byte, has not. Never more than a record holds, and a `\r` after that. */
struct pending {
  char *bytes;
  size_t used, room;
};

struct cri_log_stream {
  struct cri_log *log;
  const char *name; /* with a space before and behind */
  struct pending pending;
  struct readers readers;
  struct relay *relay;
};

struct cri_log {
  struct cri_log_file file;
  size_t most;
  struct cri_log_stream streams[2];
  struct cri_log_time time;
};

/* Records on their way to the file. */
struct batch {
  struct cri_log_file *file;
  char *memory;
  size_t room, used;
};

static void flush(struct batch *batch) {
  struct iovec piece = {batch->memory, batch->used};
  if (batch->used > 0) cri_log_file_write(batch->file, &piece, 1);
  batch->used = 0;
}

static char *append(char *to, const char *bytes, size_t length) {
  memcpy(to, bytes, length);
  return to + length;
}

static char *put_header(struct cri_log_stream *stream, char tag, char *to) {
  to = append(to, cri_log_time_next(&stream->log->time), time_length);
  to = append(to, stream->name, name_length);
  *to++ = tag;
  *to++ = ' ';
  return to;
}

/* A record of what is pending and `length` bytes; nothing is pending afterwards. */
static void put_record(struct batch *batch, struct cri_log_stream *stream, char tag, const char *bytes, size_t length) {
  struct pending *pending = &stream->pending;
  size_t total = header_length + pending->used + length + 1;
  if (total > batch->room - batch->used) flush(batch);
  if (total > batch->room) {
    char header[header_length];
    put_header(stream, tag, header);
    struct iovec pieces[4] = {{header, header_length}, {pending->bytes, pending->used}, {(char *)bytes, length}, {"\n", 1}};
    cri_log_file_write(batch->file, pieces, 4);
  } else {
    char *end = put_header(stream, tag, batch->memory + batch->used);
    if (pending->used > 0) end = append(end, pending->bytes, pending->used);
    end = append(end, bytes, length);
    *end = '\n';
    batch->used += total;
  }
  pending->used = 0;
}

static bool keep(struct cri_log_stream *stream, const char *bytes, size_t length) {
  struct pending *pending = &stream->pending;
  size_t wanted = pending->used + length;
  if (wanted > pending->room) {
    size_t room = pending->room ? pending->room : 256;
    while (room < wanted) room *= 2;
    char *larger = realloc(pending->bytes, room);
    if (!larger) return false;
    pending->bytes = larger;
    pending->room = room;
  }
  memcpy(pending->bytes + pending->used, bytes, length);
  pending->used = wanted;
  return true;
}

/* Whether what is pending and `length` more bytes may be one record. */
static bool fits(const struct cri_log_stream *stream, const char *bytes, size_t length) {
  size_t total = stream->pending.used + length, most = stream->log->most;
  if (total <= most) return true;
  if (total > most + 1) return false;
  /* The last may be the `\r` that does not count. */
  return (length > 0 ? bytes[length - 1] : stream->pending.bytes[stream->pending.used - 1]) == '\r';
}

/* Writes a full record, and moves `bytes` on by what of them is in it. */
static size_t put_partial(struct batch *batch, struct cri_log_stream *stream, const char *bytes) {
  struct pending *pending = &stream->pending;
  size_t most = stream->log->most;
  if (pending->used <= most) {
    size_t taken = most - pending->used;
    put_record(batch, stream, 'P', bytes, taken);
    return taken;
  }
  /* A `\r` was waited with, and no `\n` came. */
  pending->used = most;
  put_record(batch, stream, 'P', "", 0);
  keep(stream, "\r", 1);
  return 0;
}

static void put_line(struct batch *batch, struct cri_log_stream *stream, const char *bytes, size_t length) {
  struct pending *pending = &stream->pending;
  if (length > 0 && bytes[length - 1] == '\r') length--;
  else if (length == 0 && pending->used > 0 && pending->bytes[pending->used - 1] == '\r') pending->used--;
  put_record(batch, stream, 'F', bytes, length);
}

static void begin(struct batch *batch, struct cri_log_stream *stream, char *local, bool much) {
  char *large = much ? relay_buffer(area_written) : NULL;
  cri_log_time_read(&stream->log->time);
  *batch = (struct batch){&stream->log->file, large ? large : local, large ? relay_buffer_size : local_room, 0};
}

static void free_pending(struct pending *pending) {
  free(pending->bytes);
  *pending = (struct pending){0};
}

void cri_log_feed(struct cri_log_stream *stream, const char *bytes, size_t length) {
  char local[local_room];
  struct batch batch;
  begin(&batch, stream, local, length >= local_room / 2);
  readers_feed(&stream->readers, bytes, length);
  const char *end = bytes + length;
  while (bytes < end) {
    const char *eol = memchr(bytes, '\n', (size_t)(end - bytes));
    size_t piece = (size_t)((eol ? eol : end) - bytes);
    while (!fits(stream, bytes, piece)) {
      size_t taken = put_partial(&batch, stream, bytes);
      bytes += taken;
      piece -= taken;
    }
    if (eol) put_line(&batch, stream, bytes, piece);
    else if (!keep(stream, bytes, piece)) put_record(&batch, stream, 'P', bytes, piece);
    bytes += piece + (eol != NULL);
  }
  flush(&batch);
  if (stream->pending.used == 0) free_pending(&stream->pending);
}

void cri_log_end(struct cri_log_stream *stream) {
  char local[local_room];
  struct batch batch;
  begin(&batch, stream, local, false);
  if (stream->pending.used > stream->log->most) put_partial(&batch, stream, "");
  if (stream->pending.used > 0) put_record(&batch, stream, 'P', "", 0);
  flush(&batch);
  free_pending(&stream->pending);
  readers_end(&stream->readers);
  stream->relay = NULL;
}

static void resume(void *data) {
  struct cri_log_stream *stream = data;
  if (stream->relay) relay_wake(stream->relay);
}

struct cri_log *cri_log_open(const char *path, size_t most) {
  struct cri_log *log = calloc(1, sizeof *log);
  if (!log) return NULL;
  int error = cri_log_file_open(&log->file, path);
  if (error) {
    cri_log_file_close(&log->file);
    free(log);
    errno = error;
    return NULL;
  }
  log->most = most < 1 ? 1 : most > cri_log_longest_line ? cri_log_longest_line : most;
  for (int i = 0; i < 2; i++) {
    struct cri_log_stream *stream = &log->streams[i];
    stream->log = log;
    stream->name = i ? " stderr " : " stdout ";
    stream->readers.resume = resume;
    stream->readers.data = stream;
  }
  return log;
}

void cri_log_close(struct cri_log *log) {
  for (int i = 0; i < 2; i++) {
    readers_close(&log->streams[i].readers);
    free_pending(&log->streams[i].pending);
  }
  cri_log_file_close(&log->file);
  free(log);
}

int cri_log_reopen(struct cri_log *log) { return cri_log_file_reopen(&log->file); }

struct cri_log_state cri_log_state(const struct cri_log *log) {
  return (struct cri_log_state){log->file.written, log->file.lost, log->file.error};
}

struct cri_log_stream *cri_log_stream(struct cri_log *log, bool error) { return &log->streams[error]; }

size_t cri_log_room(struct cri_log_stream *stream) { return readers_room(&stream->readers); }

void cri_log_feed_from(struct cri_log_stream *stream, struct relay *relay) { stream->relay = relay; }

int cri_log_attach(struct cri_log_stream *stream, int fd, cri_log_reader_left *left, void *data) {
  return readers_attach(&stream->readers, fd, left, data);
}

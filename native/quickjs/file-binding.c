#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bindings.h"
#include "values.h"

enum { largest_file = 1 << 26, first_room = 4096 };

/* Reads to the end, in memory of js_malloc; files of /proc and cgroups do not tell their size. Returns 0, an errno, or -1 with an exception pending. */
static int read_whole(JSContext *js, int fd, size_t most, uint8_t **result, size_t *length) {
  size_t room = most < first_room ? most + 1 : first_room, used = 0;
  uint8_t *bytes = js_malloc(js, room);
  if (!bytes) return -1;
  for (;;) {
    ssize_t got = read(fd, bytes + used, room - used);
    if (got < 0 && errno == EINTR) continue;
    int error = got < 0 ? errno : 0;
    if (got > 0) used += (size_t)got;
    if (used > most) error = EFBIG;
    if (error) {
      js_free(js, bytes);
      return error;
    }
    if (got == 0) break;
    if (used < room) continue;
    room = room < most / 2 ? room * 2 : most + 1;
    uint8_t *larger = js_realloc(js, bytes, room);
    if (!larger) {
      js_free(js, bytes);
      return -1;
    }
    bytes = larger;
  }
  uint8_t *fitting = js_realloc(js, bytes, used ? used : 1);
  if (!fitting) {
    js_free(js, bytes);
    return -1;
  }
  *result = fitting;
  *length = used;
  return 0;
}

static JSValue read_file(JSContext *js, const char *path, size_t most) {
  /* O_NONBLOCK: a FIFO in a file's place must not hold us up. */
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (fd < 0) return throw_system_error(js, errno, "open", path);
  uint8_t *bytes;
  size_t length;
  int error = read_whole(js, fd, most, &bytes, &length);
  close(fd);
  if (error < 0) return JS_EXCEPTION;
  return error ? throw_system_error(js, error, "read", path) : make_bytes(js, bytes, length);
}

/* readFile(path, most): Uint8Array */
static JSValue read_file_call(JSContext *js, JSValueConst self, int count, JSValueConst *arguments) {
  (void)self, (void)count;
  const char *path;
  size_t most;
  if (!read_size(js, arguments[1], largest_file, &most) || !read_string(js, arguments[0], &path)) return JS_EXCEPTION;
  JSValue result = read_file(js, path, most);
  JS_FreeCString(js, path);
  return result;
}

static int write_whole(int fd, const uint8_t *bytes, size_t length) {
  while (length > 0) {
    ssize_t written = write(fd, bytes, length);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno;
    bytes += written;
    length -= (size_t)written;
  }
  return 0;
}

static int sync_parent(const char *path) {
  char *copy = strdup(path);
  if (!copy) return ENOMEM;
  int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  free(copy);
  if (fd < 0) return errno;
  int error = fsync(fd) == 0 ? 0 : errno;
  close(fd);
  return error;
}

struct content {
  const uint8_t *bytes;
  size_t length;
  int mode;
  bool durable;
};

/* Returns 0 or an errno; `stage` names the call. What is left beside the file is removed. */
static int write_beside(const char *beside, const char *path, const struct content *content, const char **stage) {
  *stage = "open";
  int fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, content->mode);
  if (fd < 0) return errno;
  *stage = "write";
  int error = write_whole(fd, content->bytes, content->length);
  if (!error && content->durable) {
    *stage = "fsync";
    if (fsync(fd) != 0) error = errno;
  }
  close(fd);
  if (!error) {
    *stage = "rename";
    if (rename(beside, path) != 0) error = errno;
  }
  if (error) {
    unlink(beside);
  } else if (content->durable) {
    *stage = "fsync";
    error = sync_parent(path);
  }
  return error;
}

/* writeFile(path, bytes, mode, durable) */
static JSValue write_file_call(JSContext *js, JSValueConst self, int count, JSValueConst *arguments) {
  (void)self, (void)count;
  struct content content = {.durable = JS_ToBool(js, arguments[3])};
  const char *path, *stage = "open";
  if (!read_bytes(js, arguments[1], &content.bytes, &content.length) || !read_int(js, arguments[2], &content.mode) ||
      !read_string(js, arguments[0], &path)) return JS_EXCEPTION;
  char *beside;
  int error;
  if (asprintf(&beside, "%s.%d", path, (int)getpid()) < 0) {
    error = ENOMEM;
  } else {
    error = write_beside(beside, path, &content, &stage);
    free(beside);
  }
  JSValue result = error ? throw_system_error(js, error, stage, path) : JS_UNDEFINED;
  JS_FreeCString(js, path);
  return result;
}

static const JSCFunctionListEntry calls[] = {
    JS_CFUNC_DEF("readFile", 2, read_file_call),
    JS_CFUNC_DEF("writeFile", 4, write_file_call),
};

void bind_files(JSContext *js, JSValueConst host) { BIND(js, host, calls); }

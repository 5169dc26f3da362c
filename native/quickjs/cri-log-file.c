#include "cri-log-file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int open_log(const char *path) {
  int fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0640);
  if (fd < 0) return -1;
  struct stat status;
  char last;
  int error = fstat(fd, &status) != 0 ? errno : S_ISREG(status.st_mode) ? 0 : EINVAL;
  if (error) {
    close(fd);
    errno = error;
    return -1;
  }
  if (status.st_size > 0 && pread(fd, &last, 1, status.st_size - 1) == 1 && last != '\n' && write(fd, "\n", 1) != 1) {
    /* A full disk: the damaged record will have to be skipped by whoever reads it. */
  }
  return fd;
}

int cri_log_file_open(struct cri_log_file *file, const char *path) {
  *file = (struct cri_log_file){.path = strdup(path), .fd = -1};
  if (!file->path) return ENOMEM;
  file->fd = open_log(path);
  return file->fd < 0 ? errno : 0;
}

int cri_log_file_reopen(struct cri_log_file *file) {
  int fd = open_log(file->path);
  if (fd < 0) return errno;
  close(file->fd);
  file->fd = fd;
  return 0;
}

void cri_log_file_close(struct cri_log_file *file) {
  if (file->fd >= 0) close(file->fd);
  free(file->path);
}

/* Nobody else appends to the file, so what lies at its end is what was just written. */
static void take_back(int fd, size_t count) {
  struct stat status;
  if (count == 0 || fstat(fd, &status) != 0 || status.st_size < (off_t)count) return;
  if (ftruncate(fd, status.st_size - (off_t)count) != 0) return;
}

void cri_log_file_write(struct cri_log_file *file, struct iovec *pieces, int count) {
  size_t total = 0, taken = 0;
  for (int i = 0; i < count; i++) total += pieces[i].iov_len;
  while (taken < total) {
    ssize_t result = writev(file->fd, pieces, count);
    if (result < 0 && errno == EINTR) continue;
    if (result <= 0) {
      file->error = result < 0 ? errno : EIO;
      file->lost += total;
      take_back(file->fd, taken);
      return;
    }
    taken += (size_t)result;
    for (size_t rest = (size_t)result; rest > 0 || (count > 0 && pieces->iov_len == 0);) {
      if (rest < pieces->iov_len) {
        pieces->iov_base = (char *)pieces->iov_base + rest;
        pieces->iov_len -= rest;
        break;
      }
      rest -= pieces->iov_len;
      pieces++;
      count--;
    }
  }
  file->error = 0;
  file->written += total;
}

#include "extract.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

static int write_all(int fd, const char *data, size_t length) {
  while (length > 0) {
    ssize_t written = write(fd, data, length);
    if (written < 0) {
      if (errno == EINTR) continue;
      return errno;
    }
    data += written;
    length -= (size_t)written;
  }
  return 0;
}

/* What is as it should be is left alone: on a journaling filesystem each change costs more than the look. */
static bool owner_differs(const struct stat *now, const struct entry_attributes *attributes) {
  return now->st_uid != attributes->uid || now->st_gid != attributes->gid;
}

static bool mode_differs(const struct stat *now, const struct entry_attributes *attributes) {
  return (now->st_mode & 07777) != attributes->mode;
}

int apply_attributes(int fd, const struct entry_attributes *attributes, const char **stage) {
  struct timespec time = {attributes->seconds, attributes->nanoseconds};
  struct timespec times[2] = {time, time};
  struct stat now;
  *stage = "fstat";
  if (fstat(fd, &now) != 0) return errno;
  bool own = owner_differs(&now, attributes);
  *stage = "fchown";
  if (own && fchown(fd, attributes->uid, attributes->gid) != 0) return errno;
  *stage = "fchmod";
  if ((own || mode_differs(&now, attributes)) && fchmod(fd, attributes->mode) != 0) return errno;
  *stage = "futimens";
  if (futimens(fd, times) != 0) return errno;
  return 0;
}

int apply_attributes_at(int parent, const char *name, const struct entry_attributes *attributes, const char **stage) {
  struct timespec time = {attributes->seconds, attributes->nanoseconds};
  struct timespec times[2] = {time, time};
  struct stat now;
  *stage = "fstatat";
  if (fstatat(parent, name, &now, AT_SYMLINK_NOFOLLOW) != 0) return errno;
  bool own = owner_differs(&now, attributes);
  *stage = "fchownat";
  if (own && fchownat(parent, name, attributes->uid, attributes->gid, AT_SYMLINK_NOFOLLOW) != 0) return errno;
  *stage = "fchmodat";
  /* A symlink's mode is read by nothing, and filesystems refuse to set it. */
  bool change = !S_ISLNK(now.st_mode) && (own || mode_differs(&now, attributes));
  if (change && fchmodat(parent, name, attributes->mode, AT_SYMLINK_NOFOLLOW) != 0) return errno;
  *stage = "utimensat";
  if (utimensat(parent, name, times, AT_SYMLINK_NOFOLLOW) != 0) return errno;
  return 0;
}

int extract_file(int parent, const char *name, const struct entry_attributes *attributes, const void *data, size_t length,
                 const char **stage) {
  *stage = "openat";
  int fd = openat(parent, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, attributes->mode & 0777);
  if (fd < 0) return errno;
  *stage = "write";
  int error = write_all(fd, data, length);
  if (!error) error = apply_attributes(fd, attributes, stage);
  if (close(fd) != 0 && !error) {
    *stage = "close";
    error = errno;
  }
  return error;
}

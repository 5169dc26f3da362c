#include "file-tree.h"

#include "inode-map.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

enum { max_depth = 1000, proc_path_size = 32 + NAME_MAX + 1 };

struct copy_walk {
  int target_root;
  struct inode_map links; /* files with several names, and where their copies are beneath the target */
  char *path;             /* of the current directory beneath the target, '' or ending in '/' */
  size_t path_length, path_size;
  const char **stage;
};

static int fail(struct copy_walk *walk, const char *stage) {
  *walk->stage = stage;
  return errno;
}

/* A path for calls that know no descriptors; a name in it is not followed by the l*xattr calls. */
static const char *proc_path(char *buffer, int fd, const char *name) {
  snprintf(buffer, proc_path_size, name ? "/proc/self/fd/%d/%s" : "/proc/self/fd/%d/.", fd, name);
  return buffer;
}

static int copy_xattrs(struct copy_walk *walk, const char *from, const char *to) {
  ssize_t size = llistxattr(from, NULL, 0);
  if (size < 0) return errno == ENOTSUP ? 0 : fail(walk, "llistxattr");
  if (size == 0) return 0;
  char *names = malloc((size_t)size), *value = malloc(XATTR_SIZE_MAX);
  int error = names && value ? 0 : ENOMEM;
  if (!error && (size = llistxattr(from, names, (size_t)size)) < 0) error = fail(walk, "llistxattr");
  for (ssize_t at = 0; !error && at < size; at += (ssize_t)strlen(names + at) + 1) {
    ssize_t length = lgetxattr(from, names + at, value, XATTR_SIZE_MAX);
    if (length < 0) {
      if (errno != ENODATA) error = fail(walk, "lgetxattr");
    } else if (lsetxattr(to, names + at, value, (size_t)length, 0) != 0 && errno != ENOTSUP) {
      error = fail(walk, "lsetxattr");
    }
  }
  free(names);
  free(value);
  return error;
}

/* Owner first: its change takes setuid bits and capabilities away. Times last. */
static int copy_attributes(struct copy_walk *walk, int from, int to, const char *name, const struct stat *source) {
  char from_path[proc_path_size], to_path[proc_path_size];
  const char *at = name ? name : ".";
  if (fchownat(to, at, source->st_uid, source->st_gid, AT_SYMLINK_NOFOLLOW) != 0) return fail(walk, "fchownat");
  if (!S_ISLNK(source->st_mode) && fchmodat(to, at, source->st_mode & 07777, 0) != 0) return fail(walk, "fchmodat");
  int error = copy_xattrs(walk, proc_path(from_path, from, name), proc_path(to_path, to, name));
  if (error) return error;
  struct timespec times[2] = {source->st_atim, source->st_mtim};
  if (utimensat(to, at, times, AT_SYMLINK_NOFOLLOW) != 0) return fail(walk, "utimensat");
  return 0;
}

/* Copies one run of data, in the kernel where it can. */
static int copy_range(struct copy_walk *walk, int in, int out, off_t start, off_t end) {
  static const size_t buffer_size = 1 << 18;
  char *buffer = NULL;
  int error = 0;
  off_t in_at = start, out_at = start;
  while (!error && in_at < end) {
    ssize_t count = buffer ? -1 : copy_file_range(in, &in_at, out, &out_at, (size_t)(end - in_at), 0);
    if (count > 0) continue;
    if (count == 0) break; /* shorter than it was */
    if (!buffer && errno == ENOSPC) {
      error = fail(walk, "copy_file_range");
      break;
    }
    if (!buffer && !(buffer = malloc(buffer_size))) error = ENOMEM;
    if (error) break;
    size_t wanted = (size_t)(end - in_at) < buffer_size ? (size_t)(end - in_at) : buffer_size;
    ssize_t got = pread(in, buffer, wanted, in_at);
    if (got <= 0) {
      if (got < 0) error = fail(walk, "pread");
      break;
    }
    ssize_t put = pwrite(out, buffer, (size_t)got, out_at);
    if (put < 0) error = fail(walk, "pwrite");
    else in_at += put, out_at += put;
  }
  free(buffer);
  return error;
}

static int copy_data(struct copy_walk *walk, int in, int out, off_t size) {
  if (size == 0 || ioctl(out, FICLONE, in) == 0) return 0;
  int error = 0;
  for (off_t at = 0; !error && at < size;) {
    off_t start = lseek(in, at, SEEK_DATA);
    if (start < 0 && errno == ENXIO) break;
    off_t end = start < 0 ? size : lseek(in, start, SEEK_HOLE);
    if (start < 0) start = at;
    if (end < 0 || end > size) end = size;
    error = copy_range(walk, in, out, start, end);
    at = end;
  }
  if (!error && ftruncate(out, size) != 0) error = fail(walk, "ftruncate");
  return error;
}

static int copy_file(struct copy_walk *walk, int from, int to, const char *name, const struct stat *source) {
  int in = openat(from, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (in < 0) return fail(walk, "openat");
  int out = openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  int error = out < 0 ? fail(walk, "openat") : copy_data(walk, in, out, source->st_size);
  if (out >= 0 && close(out) != 0 && !error) error = fail(walk, "close");
  close(in);
  return error;
}

static int copy_symlink(struct copy_walk *walk, int from, int to, const char *name) {
  char target[PATH_MAX + 1];
  ssize_t length = readlinkat(from, name, target, sizeof target - 1);
  if (length < 0) return fail(walk, "readlinkat");
  target[length] = 0;
  return symlinkat(target, to, name) == 0 ? 0 : fail(walk, "symlinkat");
}

static int push_path(struct copy_walk *walk, const char *name) {
  size_t needed = walk->path_length + strlen(name) + 2;
  if (needed > walk->path_size) {
    char *grown = realloc(walk->path, needed * 2);
    if (!grown) return ENOMEM;
    walk->path = grown;
    walk->path_size = needed * 2;
  }
  walk->path_length += (size_t)sprintf(walk->path + walk->path_length, "%s/", name);
  return 0;
}

/* Links to the copy of a file whose other name was met before; -1 when this is the first. */
static int link_copied(struct copy_walk *walk, int to, const char *name, const struct stat *source) {
  if (S_ISDIR(source->st_mode) || source->st_nlink < 2) return -1;
  int fresh;
  struct inode_entry *entry = inode_map_get(&walk->links, source->st_dev, source->st_ino, &fresh);
  if (!entry) return ENOMEM;
  if (!fresh) return linkat(walk->target_root, entry->text, to, name, 0) == 0 ? 0 : fail(walk, "linkat");
  if (asprintf(&entry->text, "%.*s%s", (int)walk->path_length, walk->path ? walk->path : "", name) < 0) {
    entry->text = NULL;
    return ENOMEM;
  }
  return -1;
}

static int copy_below(struct copy_walk *walk, int from, int to, int depth);

static int copy_directory(struct copy_walk *walk, int from, int to, const char *name, int depth) {
  if (depth >= max_depth) {
    errno = ELOOP;
    return fail(walk, "copy");
  }
  if (mkdirat(to, name, 0700) != 0) return fail(walk, "mkdirat");
  int source = openat(from, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (source < 0) return fail(walk, "openat");
  int target = openat(to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  int error = target < 0 ? fail(walk, "openat") : 0;
  size_t length = walk->path_length;
  if (!error) error = push_path(walk, name);
  if (error) close(source);
  else error = copy_below(walk, source, target, depth + 1);
  walk->path_length = length;
  if (target >= 0) close(target);
  return error;
}

static int copy_entry(struct copy_walk *walk, int from, int to, const char *name, int depth) {
  struct stat source;
  if (fstatat(from, name, &source, AT_SYMLINK_NOFOLLOW) != 0) return fail(walk, "fstatat");
  int error = link_copied(walk, to, name, &source);
  if (error >= 0) return error;
  if (S_ISDIR(source.st_mode)) error = copy_directory(walk, from, to, name, depth);
  else if (S_ISREG(source.st_mode)) error = copy_file(walk, from, to, name, &source);
  else if (S_ISLNK(source.st_mode)) error = copy_symlink(walk, from, to, name);
  else error = mknodat(to, name, (source.st_mode & S_IFMT) | 0600, source.st_rdev) == 0 ? 0 : fail(walk, "mknodat");
  return error ? error : copy_attributes(walk, from, to, name, &source);
}

/* Takes `from` over. */
static int copy_below(struct copy_walk *walk, int from, int to, int depth) {
  DIR *directory = fdopendir(from);
  if (!directory) {
    int error = fail(walk, "fdopendir");
    close(from);
    return error;
  }
  int error = 0;
  struct dirent *entry;
  while (!error && (errno = 0, entry = readdir(directory))) {
    if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..")) error = copy_entry(walk, from, to, entry->d_name, depth);
  }
  if (!error && !entry && errno) error = fail(walk, "readdir");
  closedir(directory);
  return error;
}

int tree_copy(const char *from, const char *to, const char **stage) {
  struct copy_walk walk = {.stage = stage};
  struct stat source;
  *stage = "open";
  int in = open(from, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (in < 0) return errno;
  int root = dup(in);
  walk.target_root = open(to, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  int error = 0;
  if (root < 0 || walk.target_root < 0 || fstat(in, &source) != 0) error = errno;
  if (error) close(in);
  else error = copy_below(&walk, in, walk.target_root, 1);
  if (!error) error = copy_attributes(&walk, root, walk.target_root, NULL, &source);
  if (root >= 0) close(root);
  if (walk.target_root >= 0) close(walk.target_root);
  inode_map_free(&walk.links);
  free(walk.path);
  return error;
}

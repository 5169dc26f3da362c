#include "file-tree.h"

#include "inode-map.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A level holds a descriptor and some stack. */
enum { max_depth = 1000, max_remove_depth = 400 };

static int is_dots(const char *name) { return name[0] == '.' && (!name[1] || (name[1] == '.' && !name[2])); }

static int open_directory(int parent, const char *name) {
  return openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

struct usage_walk {
  struct tree_usage *usage;
  struct inode_map linked;
  const char **stage;
};

static int count_entry(struct usage_walk *walk, const struct stat *found) {
  if (!S_ISDIR(found->st_mode) && found->st_nlink > 1) {
    int fresh;
    if (!inode_map_get(&walk->linked, found->st_dev, found->st_ino, &fresh)) return ENOMEM;
    if (!fresh) return 0;
  }
  walk->usage->inodes++;
  walk->usage->bytes += (int64_t)found->st_blocks * 512;
  return 0;
}

/* Takes `fd` over. */
static int usage_below(struct usage_walk *walk, int fd, int depth) {
  DIR *directory = fdopendir(fd);
  if (!directory) {
    int error = errno;
    close(fd);
    *walk->stage = "fdopendir";
    return error;
  }
  int error = 0;
  struct dirent *entry;
  while (!error && (errno = 0, entry = readdir(directory))) {
    struct stat found;
    if (is_dots(entry->d_name)) continue;
    if (fstatat(fd, entry->d_name, &found, AT_SYMLINK_NOFOLLOW) != 0) {
      *walk->stage = "fstatat";
      if (errno != ENOENT) error = errno;
      continue;
    }
    error = count_entry(walk, &found);
    if (error || !S_ISDIR(found.st_mode) || depth >= max_depth) continue;
    int child = open_directory(fd, entry->d_name);
    if (child >= 0) {
      error = usage_below(walk, child, depth + 1);
    } else if (errno != ENOENT && errno != ENOTDIR) {
      error = errno;
      *walk->stage = "openat";
    }
  }
  if (!error && !entry && errno) {
    error = errno;
    *walk->stage = "readdir";
  }
  closedir(directory);
  return error;
}

int tree_usage(const char *path, struct tree_usage *usage, const char **stage) {
  struct usage_walk walk = {.usage = usage, .stage = stage};
  struct stat found;
  memset(usage, 0, sizeof *usage);
  int fd = open_directory(AT_FDCWD, path);
  *stage = "open";
  if (fd < 0) return errno;
  int error = fstat(fd, &found) == 0 ? count_entry(&walk, &found) : errno;
  if (error) close(fd);
  else error = usage_below(&walk, fd, 1);
  inode_map_free(&walk.linked);
  return error;
}

struct remove_walk {
  int root;
  unsigned moved; /* for names of directories that were too deep */
  const char **stage;
};

static int remove_below(struct remove_walk *walk, int fd, int depth);

static int remove_directory(struct remove_walk *walk, int parent, const char *name, int depth) {
  if (depth >= max_remove_depth) {
    /* Once more from the top: the walk of the root meets it there. */
    char place[64];
    snprintf(place, sizeof place, ".gantry-remove-%d-%u", getpid(), walk->moved++);
    *walk->stage = "renameat";
    return renameat(parent, name, walk->root, place) == 0 ? 0 : errno;
  }
  *walk->stage = "openat";
  int fd = open_directory(parent, name);
  if (fd < 0) return errno == ENOENT ? 0 : errno;
  int error = remove_below(walk, fd, depth + 1);
  if (error) return error;
  *walk->stage = "rmdir";
  return unlinkat(parent, name, AT_REMOVEDIR) == 0 || errno == ENOENT ? 0 : errno;
}

/* Takes `fd` over. */
static int remove_below(struct remove_walk *walk, int fd, int depth) {
  DIR *directory = fdopendir(fd);
  if (!directory) {
    int error = errno;
    close(fd);
    *walk->stage = "fdopendir";
    return error;
  }
  int error = 0, removed;
  /* Some filesystems skip entries when others go while they are listed; the root also gains some. */
  do {
    removed = 0;
    struct dirent *entry;
    rewinddir(directory);
    while (!error && (entry = readdir(directory))) {
      if (is_dots(entry->d_name)) continue;
      removed = 1;
      if (entry->d_type != DT_DIR) {
        if (unlinkat(fd, entry->d_name, 0) == 0 || errno == ENOENT) continue;
        if (errno != EISDIR) {
          error = errno;
          *walk->stage = "unlink";
          continue;
        }
      }
      error = remove_directory(walk, fd, entry->d_name, depth);
      if (error == ENOTDIR) error = unlinkat(fd, entry->d_name, 0) == 0 ? 0 : errno;
    }
  } while (!error && removed);
  closedir(directory);
  return error;
}

int tree_remove(const char *path, const char **stage) {
  *stage = "open";
  int fd = open_directory(AT_FDCWD, path);
  if (fd < 0) {
    if (errno == ENOENT) return 0;
    if (errno != ENOTDIR && errno != ELOOP) return errno;
    *stage = "unlink";
    return unlink(path) == 0 || errno == ENOENT ? 0 : errno;
  }
  struct remove_walk walk = {.root = fd, .stage = stage};
  int error = remove_below(&walk, fd, 1);
  if (error) return error;
  *stage = "rmdir";
  return rmdir(path) == 0 || errno == ENOENT ? 0 : errno;
}

/* Whole file trees: what one occupies, its removal, its copy. No symlink is followed; mounts beneath are walked like directories. */
#ifndef GANTRY_FILE_TREE_H
#define GANTRY_FILE_TREE_H

#include <stdint.h>

struct tree_usage {
  int64_t bytes;  /* of disk: blocks, not lengths */
  int64_t inodes; /* several names of one file count once */
};

/*
 * Each returns 0 or an errno; `stage` names the call that failed. Names may be any bytes. A tree may be deeper than
 * PATH_MAX: whoever may write in it can make it so.
 */

/* What a tree occupies, its root included. What vanishes meanwhile does not count, nor does what lies 1000 levels deep. */
int tree_usage(const char *path, struct tree_usage *usage, const char **stage);

/* Removes a tree; one that is not there is no error. Stops at the first failure. */
int tree_remove(const char *path, const char **stage);

/*
 * Copies what is in the directory `from` into the existing directory `to`, and gives `to` the attributes of `from`: owners,
 * modes, times, xattrs, hard links, devices, holes. Data is shared where the filesystem can. ELOOP below 1000 levels.
 */
int tree_copy(const char *from, const char *to, const char **stage);

#endif

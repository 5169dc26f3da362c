/* What unpacking a file tree does for each entry: one call instead of six. */
#ifndef GANTRY_EXTRACT_H
#define GANTRY_EXTRACT_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* What an entry carries beside its content. */
struct entry_attributes {
  mode_t mode; /* permission bits with setuid, setgid and sticky */
  uid_t uid;
  gid_t gid;
  int64_t seconds; /* modification time, taken as access time too */
  long nanoseconds;
};

/*
 * Makes a regular file that must not exist, beneath the directory `parent`, with its content and attributes. The last
 * component is never followed. Returns 0 or an errno; `stage` names the call. What was made stays after a failure.
 */
int extract_file(int parent, const char *name, const struct entry_attributes *attributes, const void *data, size_t length,
                 const char **stage);

/* Gives an open file its attributes: owner first, as a change of owner clears setuid and setgid. */
int apply_attributes(int fd, const struct entry_attributes *attributes, const char **stage);

/* The same for an entry of a directory; a symlink is never followed and keeps its mode. */
int apply_attributes_at(int parent, const char *name, const struct entry_attributes *attributes, const char **stage);

#endif

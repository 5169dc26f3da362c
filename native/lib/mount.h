/* Mounts whose options may be longer than a page. */
#ifndef GANTRY_MOUNT_H
#define GANTRY_MOUNT_H

#include <stddef.h>

struct mount_request {
  const char *source;
  const char *target;
  const char *type; /* NULL for remounts, binds and propagation changes */
  unsigned long flags;
  const char *data;
  const char *cwd; /* relative paths in `data` are taken from here; NULL: none are relative */
};

/* mount(2). Returns 0 or an errno. Never changes the caller's working directory. */
int mount_classic(const struct mount_request *request);

/* A parameter of a filesystem; a flag when `value` is NULL. */
struct mount_parameter {
  const char *key;
  const char *value;
};

struct mount_fs_request {
  const char *type;
  const char *source;
  const char *target;
  unsigned attributes; /* MOUNT_ATTR_* */
  const struct mount_parameter *parameters;
  size_t count;
};

/* A new mount by fsopen(2) and kin: each parameter has a page of its own. Returns 0 or an errno; `stage` names the call. */
int mount_by_parameters(const struct mount_fs_request *request, const char **stage);

#endif

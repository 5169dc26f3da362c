/* What the process was started with, for the processes that it starts. */
#ifndef GANTRY_START_CONDITIONS_H
#define GANTRY_START_CONDITIONS_H

#include <sys/resource.h>
#include <sys/types.h>

struct start_conditions {
  mode_t mask;
  struct rlimit limits[RLIM_NLIMITS];
};

/*
 * Captured when the library is loaded, once a process: load it before the umask or a limit is changed. With GANTRY_EXACT_LIMITS the limit of
 * open files is what it is then; without, what it was before Node raised it.
 */
const struct start_conditions *start_conditions(void);

#endif

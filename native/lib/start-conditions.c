#include "start-conditions.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct start_conditions captured;

/* From /proc, as umask(2) can only be read by changing it, and other threads are running. */
static mode_t read_umask(void) {
  mode_t mask = 022;
  FILE *status = fopen("/proc/self/status", "re");
  if (!status) return mask;
  char line[256];
  unsigned value;
  while (fgets(line, sizeof line, status)) {
    if (sscanf(line, "Umask: %o", &value) == 1) {
      mask = value & 0777;
      break;
    }
  }
  fclose(status);
  return mask;
}

#ifndef GANTRY_EXACT_LIMITS
/* Node raises its soft limit of open files to the hard one before anybody can look. The wrapper that starts the
 * daemon passes the original in the environment; without it the kernel's default of 1024 is taken. */
static void restore_file_limit(struct rlimit *limit) {
  rlim_t soft = 1024;
  const char *given = getenv("GANTRY_RLIMIT_NOFILE");
  if (given && *given) {
    char *end;
    unsigned long long value = strtoull(given, &end, 10);
    if (strcmp(given, "unlimited") == 0) soft = RLIM_INFINITY;
    else if (*end == 0) soft = value;
  }
  if (soft < limit->rlim_cur) limit->rlim_cur = soft;
}
#endif

__attribute__((constructor)) static void capture(void) {
  captured.mask = read_umask();
  for (int i = 0; i < RLIM_NLIMITS; i++) getrlimit((__rlimit_resource_t)i, &captured.limits[i]);
#ifndef GANTRY_EXACT_LIMITS
  restore_file_limit(&captured.limits[RLIMIT_NOFILE]);
#endif
}

const struct start_conditions *start_conditions(void) { return &captured; }

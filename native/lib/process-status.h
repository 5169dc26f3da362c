/* How a process ended that may be anybody's child. */
#ifndef GANTRY_PROCESS_STATUS_H
#define GANTRY_PROCESS_STATUS_H

#include <sys/types.h>

/*
 * Asks how the process behind a pidfd ended. Returns 1 and its wait status (as wait(2) gives it), 0 while that cannot be told, or -1 with
 * errno. Of one that was reaped the kernel tells since Linux 6.15, if the pidfd was opened before; of one that was not, it tells at any time,
 * if `pid` is its number and we may look.
 */
int process_status(int pidfd, pid_t pid, int *status);

#endif

/* Processes that may be anybody's children, behind a pidfd. */
#ifndef GANTRY_PROCESS_HANDLE_H
#define GANTRY_PROCESS_HANDLE_H

#include <sys/types.h>

/*
 * A pidfd of the process that has this number, close-on-exec, or -1 with errno: ESRCH when there is none, or only a thread; EINVAL when no process can
 * have it.
 */
int process_open(pid_t pid);

/*
 * Asks how the process behind a pidfd ended. Returns 1 and its wait status (as wait(2) gives it), 0 while that cannot be told, or -1 with
 * errno. Of one that was reaped the kernel tells since Linux 6.15, if the pidfd was opened before; of one that was not, it tells at any time,
 * if `pid` is its number and we may look.
 */
int process_status(int pidfd, pid_t pid, int *status);

#endif

/* Starts a program with vfork semantics: the cost does not grow with the caller's memory. */
#ifndef GANTRY_SPAWN_H
#define GANTRY_SPAWN_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* A descriptor of the child and where it comes from; a source of -1 is /dev/null. */
struct spawn_fd {
  int child;
  int source;
};

struct spawn_request {
  const char *file;
  char *const *argv;
  char *const *envp;
  const char *cwd; /* NULL: the caller's */
  const struct spawn_fd *fds;
  size_t fd_count;
  bool new_group;
  bool dies_with_us; /* is killed when the calling thread ends; children of its own are not */
};

struct spawn_result {
  pid_t pid;
  int pidfd; /* close-on-exec */
  const char *stage; /* the call that failed, when spawn_process returns an error */
};

/*
 * Runs `file` with default signal dispositions, an empty mask, the umask and limits of start_conditions(), and
 * the descriptors in `fds` alone. Returns 0, or an errno when the child could not be made or could not be
 * turned into the program; then nothing is left of it.
 */
int spawn_process(const struct spawn_request *request, struct spawn_result *result);

#endif

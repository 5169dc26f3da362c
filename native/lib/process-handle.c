#include "process-handle.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* linux/pidfd.h: the first 64 bytes, which every kernel that knows the call knows. Headers of older releases lack it. */
struct pidfd_facts {
  uint64_t mask;
  uint64_t cgroup;
  uint32_t ids[11];
  int32_t exit_code;
};

#define GET_FACTS _IOWR(0xFF, 11, struct pidfd_facts)

static const uint64_t with_exit = 1 << 3;

/* How many fields of proc(5)'s stat are behind the state. */
enum { fields_to_status = 49 };

int process_open(pid_t pid) {
  int fd = (int)syscall(SYS_pidfd_open, pid, 0);
  /* The kernel still has the number while a group or session is named by it, or for a moment. Older kernels say EINVAL then, as they
   * do of a thread's; newer ones say ENOENT of a thread's. */
  if (fd < 0 && pid > 0 && (errno == EINVAL || errno == ENOENT)) errno = ESRCH;
  return fd;
}

static int status_of_reaped(int pidfd, int *status) {
  struct pidfd_facts facts = {.mask = with_exit};
  if (ioctl(pidfd, GET_FACTS, &facts) != 0) {
    /* ESRCH: reaped, and the kernel kept nothing. */
    return errno == ENOTTY || errno == EINVAL || errno == ESRCH ? 0 : -1;
  }
  if (!(facts.mask & with_exit)) return 0;
  *status = facts.exit_code;
  return 1;
}

static int status_of_zombie(pid_t pid, int *status) {
  char path[32], text[1024];
  snprintf(path, sizeof path, "/proc/%d/stat", pid);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return errno == ENOENT || errno == ESRCH ? 0 : -1;
  ssize_t length = read(fd, text, sizeof text - 1);
  close(fd);
  if (length <= 0) return 0;
  text[length] = '\0';
  /* The name, in parentheses, may hold anything. */
  char *at = strrchr(text, ')');
  if (!at || at[1] != ' ' || at[2] != 'Z') return 0;
  at += 2;
  for (int field = 0; field < fields_to_status && at; field++) at = strchr(at + 1, ' ');
  if (!at) return 0;
  *status = atoi(at + 1);
  return 1;
}

int process_status(int pidfd, pid_t pid, int *status) {
  int told = status_of_reaped(pidfd, status);
  if (told != 0) return told;
  int looked = status_of_zombie(pid, status);
  /* It may have been reaped in between. */
  return looked == 0 ? status_of_reaped(pidfd, status) : looked;
}

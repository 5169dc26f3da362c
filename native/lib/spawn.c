#include "spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "start-conditions.h"

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#else
#define ASAN_UNPOISON_MEMORY_REGION(start, size) ((void)(start), (void)(size))
#endif

enum { stack_size = 128 * 1024 };

/* What parent and child share: the child runs in the parent's memory, while the parent's thread stands still. */
struct child_state {
  const struct spawn_request *request;
  pid_t parent;
  int *copies;
  int *targets; /* sorted */
  int error;
  const char *stage;
};

static int fail(struct child_state *state, const char *stage) {
  state->error = errno;
  state->stage = stage;
  return 127;
}

/* By the bare system call: glibc refuses its own two real-time signals, which may have been ignored by whoever started us. All zero is
   SIG_DFL, no flags and an empty mask in every architecture's layout. */
static void reset_signals(void) {
  const unsigned long action[8] = {0};
  const size_t mask_size = 8;
  for (int signal = 1; signal < NSIG; signal++) syscall(SYS_rt_sigaction, signal, action, NULL, mask_size);
}

static bool restore_limits(void) {
  const struct start_conditions *start = start_conditions();
  for (int i = 0; i < RLIM_NLIMITS; i++) {
    struct rlimit now;
    const struct rlimit *then = &start->limits[i];
    if (getrlimit((__rlimit_resource_t)i, &now) != 0) continue;
    if (now.rlim_cur == then->rlim_cur && now.rlim_max == then->rlim_max) continue;
    if (setrlimit((__rlimit_resource_t)i, then) == 0) continue;
    /* A hard limit that the caller has lowered since cannot be raised again without CAP_SYS_RESOURCE. */
    struct rlimit capped = {then->rlim_cur < now.rlim_max ? then->rlim_cur : now.rlim_max, now.rlim_max};
    if (errno != EPERM || setrlimit((__rlimit_resource_t)i, &capped) != 0) return false;
  }
  return true;
}

/* All sources are first copied to above every target, so that no dup2 overwrites a source that is still needed. */
static bool place_descriptors(struct child_state *state) {
  const struct spawn_request *request = state->request;
  size_t count = request->fd_count;
  int above = count ? state->targets[count - 1] + 1 : 0;
  for (size_t i = 0; i < count; i++) {
    int source = request->fds[i].source;
    if (source < 0) source = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (source < 0) return false;
    state->copies[i] = fcntl(source, F_DUPFD_CLOEXEC, above);
    if (state->copies[i] < 0) return false;
  }
  for (size_t i = 0; i < count; i++) {
    if (dup2(state->copies[i], request->fds[i].child) < 0) return false;
  }
  int next = 0;
  for (size_t i = 0; i < count; i++) {
    int target = state->targets[i];
    if (target > next && close_range(next, target - 1, 0) != 0) return false;
    next = target + 1;
  }
  return close_range(next, UINT_MAX, 0) == 0;
}

static int run_child(void *argument) {
  struct child_state *state = argument;
  const struct spawn_request *request = state->request;
  reset_signals();
  if (request->new_group && setpgid(0, 0) != 0) return fail(state, "setpgid");
  if (request->dies_with_us) {
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0) return fail(state, "prctl");
    /* Whoever died before that was not noticed. */
    if (getppid() != state->parent) _exit(127);
  }
  if (request->cwd && chdir(request->cwd) != 0) return fail(state, "chdir");
  umask(start_conditions()->mask);
  if (!place_descriptors(state)) return fail(state, "dup");
  if (!restore_limits()) return fail(state, "setrlimit");
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  execve(request->file, request->argv, request->envp);
  return fail(state, "execve");
}

static int compare(const void *a, const void *b) {
  int left = *(const int *)a, right = *(const int *)b;
  return (left > right) - (left < right);
}

static int start_child(struct child_state *state, struct spawn_result *result) {
  void *stack = mmap(NULL, stack_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
  if (stack == MAP_FAILED) return fail(state, "mmap"), state->error;
  /* No handler of the caller may run in the child, which shares its memory. */
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int pidfd = -1;
  pid_t pid = clone(run_child, (char *)stack + stack_size, CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD, state, &pidfd);
  int error = errno;
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  /* The child left by execve(2), not by returning: what the sanitizer noted of its frames would be held against whoever gets the memory next. */
  ASAN_UNPOISON_MEMORY_REGION(stack, stack_size);
  munmap(stack, stack_size);
  if (pid < 0) {
    state->stage = "clone";
    return error;
  }
  if (state->error) {
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) continue;
    close(pidfd);
    return state->error;
  }
  result->pid = pid;
  result->pidfd = pidfd;
  return 0;
}

int spawn_process(const struct spawn_request *request, struct spawn_result *result) {
  struct child_state state = {.request = request, .parent = getpid()};
  size_t count = request->fd_count;
  int *numbers = calloc(2 * count + 1, sizeof *numbers);
  if (!numbers) {
    result->stage = "malloc";
    return ENOMEM;
  }
  state.copies = numbers;
  state.targets = numbers + count;
  for (size_t i = 0; i < count; i++) state.targets[i] = request->fds[i].child;
  qsort(state.targets, count, sizeof *state.targets, compare);
  int error = start_child(&state, result);
  result->stage = state.stage;
  free(numbers);
  return error;
}

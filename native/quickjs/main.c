/* The program around the engine: it hands the host's calls to the JavaScript that is linked in, and stays in the loop until that ends it. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bindings.h"
#include "engine.h"
#include "log.h"
#include "loop.h"
#include "memory.h"
#include "program.h"

/* Whoever started us may have ignored or blocked signals: an ignored SIGCHLD would take exits away from us. */
static void reset_signals(void) {
  for (int number = 1; number < NSIG; number++) signal(number, SIG_DFL);
  signal(SIGPIPE, SIG_IGN);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
}

static void stop(const char *what, int error) {
  char line[256];
  snprintf(line, sizeof line, "%s: %s", what, strerror(error));
  log_text(line);
  exit(exit_uncaught);
}

int main(int argc, char **argv) {
  (void)argc;
  reset_signals();
  memory_limit_kept();
  /* Modes are what they are said to be; children get the umask that we were started with. */
  umask(0);
  int error = loop_open();
  if (error) stop("epoll_create", error);
  JSContext *js = engine_open(program_begin, (size_t)(program_end - program_begin));
  if (bind_host(js, argv, environ) != 0) stop("host", ENOMEM);
  engine_run();
  error = loop_run(engine_run_jobs);
  if (error) stop("epoll_wait", error);
  log_text("nothing is left to wait for");
  engine_close();
  return exit_idle;
}

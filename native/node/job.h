/* A system call that may block: run at once, or on the thread pool behind a promise. */
#ifndef GANTRY_JOB_H
#define GANTRY_JOB_H

#include <node_api.h>
#include <stdbool.h>

/* Allocated by its maker and first in a larger struct; job_submit takes it over. */
struct job {
  void (*run)(struct job *job);     /* sets error, syscall; touches no JavaScript */
  void (*destroy)(struct job *job); /* frees the job */
  napi_value (*result)(napi_env env, struct job *job); /* what the promise gives; NULL: undefined */
  int error;
  const char *syscall;
  const char *path; /* for the error's text; freed by destroy if it needs to be */
  napi_deferred deferred;
  napi_async_work work;
};

/* Runs now and throws on failure, or returns a promise when `background`. */
napi_value job_submit(napi_env env, struct job *job, bool background);

#endif

#include "args.h"
#include "bindings.h"
#include "job.h"
#include "memory.h"

#include <stdlib.h>

static void trim_run(struct job *job) {
  (void)job;
  memory_trim();
}

static void trim_destroy(struct job *job) { free(job); }

/* trimMemory(): a promise */
static napi_value trim_call(napi_env env, napi_callback_info info) {
  (void)info;
  struct job *job = calloc(1, sizeof *job);
  if (!job) return NULL;
  *job = (struct job){.run = trim_run, .destroy = trim_destroy};
  return job_submit(env, job, true);
}

/* limitKeptMemory(): of the whole process */
static napi_value limit_call(napi_env env, napi_callback_info info) {
  (void)env;
  (void)info;
  memory_limit_kept();
  return NULL;
}

void export_memory(napi_env env, napi_value exports) {
  export_function(env, exports, "trimMemory", trim_call);
  export_function(env, exports, "limitKeptMemory", limit_call);
}

#include "job.h"

#include "args.h"

static void execute(napi_env env, void *data) {
  (void)env;
  struct job *job = data;
  job->run(job);
}

static void complete(napi_env env, napi_status status, void *data) {
  struct job *job = data;
  napi_value undefined;
  if (status == napi_ok) {
    napi_get_undefined(env, &undefined);
    if (job->error) napi_reject_deferred(env, job->deferred, error_create(env, job->error, job->syscall, job->path));
    else napi_resolve_deferred(env, job->deferred, job->result ? job->result(env, job) : undefined);
  }
  napi_delete_async_work(env, job->work);
  job->destroy(job);
}

napi_value job_submit(napi_env env, struct job *job, bool background) {
  napi_value result = NULL, name;
  if (!background) {
    job->run(job);
    if (job->error) error_throw(env, job->error, job->syscall, job->path);
    job->destroy(job);
    return NULL;
  }
  napi_create_string_utf8(env, "gantry", NAPI_AUTO_LENGTH, &name);
  napi_create_promise(env, &job->deferred, &result);
  napi_create_async_work(env, NULL, name, execute, complete, job, &job->work);
  napi_queue_async_work(env, job->work);
  return result;
}

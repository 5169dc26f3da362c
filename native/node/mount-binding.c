#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <unistd.h>

#include "args.h"
#include "bindings.h"
#include "job.h"
#include "mount.h"

struct mount_job {
  struct job job;
  struct mount_request request;
};

static void mount_run(struct job *job) {
  struct mount_job *mount = (struct mount_job *)job;
  job->error = mount_classic(&mount->request);
}

static void mount_destroy(struct job *job) {
  struct mount_job *mount = (struct mount_job *)job;
  free((char *)mount->request.source);
  free((char *)mount->request.target);
  free((char *)mount->request.type);
  free((char *)mount->request.data);
  free((char *)mount->request.cwd);
  free(mount);
}

/* mount(source, target, type | null, flags, data | null, cwd | null, background) */
static napi_value mount_call(napi_env env, napi_callback_info info) {
  struct args args;
  args_begin(&args, env, info, 7);
  struct mount_job *mount = calloc(1, sizeof *mount);
  if (!mount) return NULL;
  mount->job.run = mount_run;
  mount->job.destroy = mount_destroy;
  mount->job.syscall = "mount";
  mount->request.source = args_string(&args, 0);
  mount->request.target = mount->job.path = args_string(&args, 1);
  mount->request.type = args_string(&args, 2);
  mount->request.flags = (unsigned long)args_int64(&args, 3);
  mount->request.data = args_string(&args, 4);
  mount->request.cwd = args_string(&args, 5);
  bool background = args_bool(&args, 6);
  if (!args.failed) return job_submit(env, &mount->job, background);
  mount_destroy(&mount->job);
  return NULL;
}

struct parameters_job {
  struct job job;
  struct mount_fs_request request;
  struct mount_parameter *parameters;
  char **strings;
};

static void parameters_run(struct job *job) {
  struct parameters_job *mount = (struct parameters_job *)job;
  job->error = mount_by_parameters(&mount->request, &job->syscall);
}

static void parameters_destroy(struct job *job) {
  struct parameters_job *mount = (struct parameters_job *)job;
  free((char *)mount->request.source);
  free((char *)mount->request.target);
  free((char *)mount->request.type);
  args_free_strings(mount->strings);
  free(mount->parameters);
  free(mount);
}

/* mountByParameters(type, source, target, attributes, [key, value, …] ('' as value: a flag), background) */
static napi_value parameters_call(napi_env env, napi_callback_info info) {
  struct args args;
  args_begin(&args, env, info, 6);
  struct parameters_job *mount = calloc(1, sizeof *mount);
  if (!mount) return NULL;
  size_t count = 0;
  mount->job.run = parameters_run;
  mount->job.destroy = parameters_destroy;
  mount->request.type = args_string(&args, 0);
  mount->request.source = args_string(&args, 1);
  mount->request.target = mount->job.path = args_string(&args, 2);
  mount->request.attributes = args_uint(&args, 3);
  mount->strings = args_strings(&args, 4, &count);
  bool background = args_bool(&args, 5);
  mount->parameters = calloc(count / 2 + 1, sizeof *mount->parameters);
  if (args.failed || !mount->parameters || !mount->strings) {
    parameters_destroy(&mount->job);
    return NULL;
  }
  for (size_t i = 0; i < count / 2; i++) {
    const char *value = mount->strings[2 * i + 1];
    mount->parameters[i] = (struct mount_parameter){mount->strings[2 * i], *value ? value : NULL};
  }
  mount->request.parameters = mount->parameters;
  mount->request.count = count / 2;
  return job_submit(env, &mount->job, background);
}

/* A job on one path. */
struct path_job {
  struct job job;
  char *path;
  int flags;
};

static void path_destroy(struct job *job) {
  free(((struct path_job *)job)->path);
  free(job);
}

static void unmount_run(struct job *job) {
  struct path_job *unmount = (struct path_job *)job;
  if (umount2(unmount->path, unmount->flags) != 0) job->error = errno;
}

static void syncfs_run(struct job *job) {
  struct path_job *sync = (struct path_job *)job;
  int fd = open(sync->path, O_RDONLY | O_CLOEXEC);
  job->syscall = "open";
  if (fd < 0) {
    job->error = errno;
    return;
  }
  job->syscall = sync->flags ? "fsync" : "syncfs";
  if ((sync->flags ? fsync(fd) : syncfs(fd)) != 0) job->error = errno;
  close(fd);
}

static napi_value path_call(napi_env env, napi_callback_info info, void (*run)(struct job *), const char *syscall) {
  struct args args;
  args_begin(&args, env, info, 3);
  struct path_job *job = calloc(1, sizeof *job);
  if (!job) return NULL;
  job->job.run = run;
  job->job.destroy = path_destroy;
  job->job.syscall = syscall;
  job->job.path = job->path = args_string(&args, 0);
  job->flags = args_int(&args, 1);
  bool background = args_bool(&args, 2);
  if (!args.failed) return job_submit(env, &job->job, background);
  path_destroy(&job->job);
  return NULL;
}

/* umount2(path, flags, background) */
static napi_value unmount_call(napi_env env, napi_callback_info info) {
  return path_call(env, info, unmount_run, "umount2");
}

/* sync(path, 0: syncfs, 1: fsync, background) */
static napi_value sync_call(napi_env env, napi_callback_info info) { return path_call(env, info, syncfs_run, "syncfs"); }

void export_mount(napi_env env, napi_value exports) {
  export_function(env, exports, "mount", mount_call);
  export_function(env, exports, "mountByParameters", parameters_call);
  export_function(env, exports, "umount2", unmount_call);
  export_function(env, exports, "sync", sync_call);
}

#include "args.h"
#include "bindings.h"
#include "file-tree.h"
#include "job.h"

#include <stdlib.h>

struct tree_job {
  struct job job;
  char *path;
  char *target;
  struct tree_usage usage;
};

static void tree_destroy(struct job *job) {
  struct tree_job *tree = (struct tree_job *)job;
  free(tree->path);
  free(tree->target);
  free(tree);
}

static void usage_run(struct job *job) {
  struct tree_job *tree = (struct tree_job *)job;
  job->error = tree_usage(tree->path, &tree->usage, &job->syscall);
}

static napi_value usage_result(napi_env env, struct job *job) {
  struct tree_job *tree = (struct tree_job *)job;
  napi_value result;
  napi_create_object(env, &result);
  set_int(env, result, "size", tree->usage.bytes);
  set_int(env, result, "inodes", tree->usage.inodes);
  return result;
}

static void remove_run(struct job *job) {
  job->error = tree_remove(((struct tree_job *)job)->path, &job->syscall);
}

static void copy_run(struct job *job) {
  struct tree_job *tree = (struct tree_job *)job;
  job->error = tree_copy(tree->path, tree->target, &job->syscall);
}

static napi_value tree_call(napi_env env, napi_callback_info info, struct job methods, size_t paths) {
  struct args args;
  args_begin(&args, env, info, paths);
  if (args.failed) return NULL;
  struct tree_job *tree = calloc(1, sizeof *tree);
  if (!tree) return NULL;
  tree->job = methods;
  tree->job.destroy = tree_destroy;
  tree->job.path = tree->path = args_string(&args, 0);
  if (paths > 1 && !args.failed) tree->target = args_string(&args, 1);
  if (!args.failed) return job_submit(env, &tree->job, true);
  tree_destroy(&tree->job);
  return NULL;
}

/* treeUsage(path) */
static napi_value usage_call(napi_env env, napi_callback_info info) {
  return tree_call(env, info, (struct job){.run = usage_run, .result = usage_result}, 1);
}

/* removeTree(path) */
static napi_value remove_call(napi_env env, napi_callback_info info) {
  return tree_call(env, info, (struct job){.run = remove_run}, 1);
}

/* copyTree(from, to) */
static napi_value copy_call(napi_env env, napi_callback_info info) {
  return tree_call(env, info, (struct job){.run = copy_run}, 2);
}

void export_file_tree(napi_env env, napi_value exports) {
  export_function(env, exports, "treeUsage", usage_call);
  export_function(env, exports, "removeTree", remove_call);
  export_function(env, exports, "copyTree", copy_call);
}

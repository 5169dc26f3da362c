/* Calls beneath a directory handle. Names and paths are byte strings. */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "args.h"
#include "bindings.h"
#include "extract.h"

static napi_value answer(napi_env env, int result, const char *syscall, const char *path) {
  if (result != 0) error_throw(env, errno, syscall, path);
  return NULL;
}

/* openat2(directory, path, flags, mode, resolve): descriptor, close-on-exec */
static napi_value openat2_call(napi_env env, napi_callback_info info) {
  struct args args;
  char path[args_buffer];
  args_begin(&args, env, info, 5);
  int directory = args_int(&args, 0);
  args_bytes(&args, 1, path);
  struct open_how how = {
      .flags = (uint64_t)args_int64(&args, 2) | O_CLOEXEC, .mode = args_uint(&args, 3), .resolve = args_uint(&args, 4)};
  if (args.failed) return NULL;
  long fd;
  /* EAGAIN: something was renamed while the kernel resolved beneath the root. */
  do fd = syscall(SYS_openat2, directory, path, &how, sizeof how);
  while (fd < 0 && (errno == EAGAIN || errno == EINTR));
  if (fd >= 0) return make_int(env, fd);
  error_throw(env, errno, "openat2", path);
  return NULL;
}

/* mkdirat(directory, name, mode) */
static napi_value mkdirat_call(napi_env env, napi_callback_info info) {
  struct args args;
  char name[args_buffer];
  args_begin(&args, env, info, 3);
  int directory = args_int(&args, 0);
  args_bytes(&args, 1, name);
  mode_t mode = args_uint(&args, 2);
  return args.failed ? NULL : answer(env, mkdirat(directory, name, mode), "mkdirat", name);
}

/* mknodat(directory, name, mode, major, minor) */
static napi_value mknodat_call(napi_env env, napi_callback_info info) {
  struct args args;
  char name[args_buffer];
  args_begin(&args, env, info, 5);
  int directory = args_int(&args, 0);
  args_bytes(&args, 1, name);
  mode_t mode = args_uint(&args, 2);
  dev_t device = makedev(args_uint(&args, 3), args_uint(&args, 4));
  return args.failed ? NULL : answer(env, mknodat(directory, name, mode, device), "mknodat", name);
}

/* symlinkat(target, directory, name) */
static napi_value symlinkat_call(napi_env env, napi_callback_info info) {
  struct args args;
  char target[args_buffer], name[args_buffer];
  args_begin(&args, env, info, 3);
  args_bytes(&args, 0, target);
  int directory = args_int(&args, 1);
  args_bytes(&args, 2, name);
  return args.failed ? NULL : answer(env, symlinkat(target, directory, name), "symlinkat", name);
}

/* linkat(fromDirectory, from, toDirectory, to): a symlink is linked itself */
static napi_value linkat_call(napi_env env, napi_callback_info info) {
  struct args args;
  char from[args_buffer], to[args_buffer];
  args_begin(&args, env, info, 4);
  int from_directory = args_int(&args, 0), to_directory = args_int(&args, 2);
  args_bytes(&args, 1, from);
  args_bytes(&args, 3, to);
  return args.failed ? NULL : answer(env, linkat(from_directory, from, to_directory, to, 0), "linkat", to);
}

/* renameat(fromDirectory, from, toDirectory, to) */
static napi_value renameat_call(napi_env env, napi_callback_info info) {
  struct args args;
  char from[args_buffer], to[args_buffer];
  args_begin(&args, env, info, 4);
  int from_directory = args_int(&args, 0), to_directory = args_int(&args, 2);
  args_bytes(&args, 1, from);
  args_bytes(&args, 3, to);
  return args.failed ? NULL : answer(env, renameat(from_directory, from, to_directory, to), "renameat", to);
}

/* unlinkat(directory, name, isDirectory) */
static napi_value unlinkat_call(napi_env env, napi_callback_info info) {
  struct args args;
  char name[args_buffer];
  args_begin(&args, env, info, 3);
  int directory = args_int(&args, 0);
  args_bytes(&args, 1, name);
  int flags = args_bool(&args, 2) ? AT_REMOVEDIR : 0;
  return args.failed ? NULL : answer(env, unlinkat(directory, name, flags), "unlinkat", name);
}

/*
 * statAt(directory, name ('' for the directory itself)): [mode, uid, gid, seconds, nanoseconds, major, minor, size, links,
 * device, inode's upper half, its lower half] or undefined; an inode of overlayfs may use all 64 bits, which a double has not
 */
static napi_value stat_call(napi_env env, napi_callback_info info) {
  struct args args;
  char name[args_buffer];
  struct stat status;
  args_begin(&args, env, info, 2);
  int directory = args_int(&args, 0);
  args_bytes(&args, 1, name);
  if (args.failed) return NULL;
  if (fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH) != 0) {
    if (errno != ENOENT && errno != ENOTDIR) error_throw(env, errno, "fstatat", name);
    return NULL;
  }
  int64_t fields[] = {
      status.st_mode,         status.st_uid,         status.st_gid,
      status.st_mtim.tv_sec,  status.st_mtim.tv_nsec, major(status.st_rdev),
      minor(status.st_rdev),  status.st_size,        (int64_t)status.st_nlink,
      (int64_t)status.st_dev, (int64_t)(status.st_ino >> 32), (int64_t)(status.st_ino & 0xffffffff),
  };
  enum { count = sizeof fields / sizeof *fields };
  napi_value result;
  napi_create_array_with_length(env, count, &result);
  for (uint32_t i = 0; i < count; i++) napi_set_element(env, result, i, make_int(env, fields[i]));
  return result;
}

static struct entry_attributes read_attributes(struct args *args, size_t first) {
  return (struct entry_attributes){.mode = args_uint(args, first),
                                   .uid = args_uint(args, first + 1),
                                   .gid = args_uint(args, first + 2),
                                   .seconds = args_int64(args, first + 3),
                                   .nanoseconds = args_int(args, first + 4)};
}

/* extractFile(directory, name, mode, uid, gid, seconds, nanoseconds, data) */
static napi_value extract_file_call(napi_env env, napi_callback_info info) {
  struct args args;
  char name[args_buffer];
  size_t length;
  const char *stage;
  args_begin(&args, env, info, 8);
  int directory = args_int(&args, 0);
  args_bytes(&args, 1, name);
  struct entry_attributes attributes = read_attributes(&args, 2);
  const void *data = args_data(&args, 7, &length);
  if (args.failed) return NULL;
  int error = extract_file(directory, name, &attributes, data, length, &stage);
  if (error) error_throw(env, error, stage, name);
  return NULL;
}

/* setAttributes(fd, mode, uid, gid, seconds, nanoseconds) */
static napi_value set_attributes_call(napi_env env, napi_callback_info info) {
  struct args args;
  const char *stage;
  args_begin(&args, env, info, 6);
  int fd = args_int(&args, 0);
  struct entry_attributes attributes = read_attributes(&args, 1);
  if (args.failed) return NULL;
  int error = apply_attributes(fd, &attributes, &stage);
  if (error) error_throw(env, error, stage, NULL);
  return NULL;
}

/* setAttributesAt(directory, name, mode, uid, gid, seconds, nanoseconds) */
static napi_value set_attributes_at_call(napi_env env, napi_callback_info info) {
  struct args args;
  char name[args_buffer];
  const char *stage;
  args_begin(&args, env, info, 7);
  int directory = args_int(&args, 0);
  args_bytes(&args, 1, name);
  struct entry_attributes attributes = read_attributes(&args, 2);
  if (args.failed) return NULL;
  int error = apply_attributes_at(directory, name, &attributes, &stage);
  if (error) error_throw(env, error, stage, name);
  return NULL;
}

void export_tree(napi_env env, napi_value exports) {
  export_function(env, exports, "openat2", openat2_call);
  export_function(env, exports, "mkdirat", mkdirat_call);
  export_function(env, exports, "mknodat", mknodat_call);
  export_function(env, exports, "symlinkat", symlinkat_call);
  export_function(env, exports, "linkat", linkat_call);
  export_function(env, exports, "renameat", renameat_call);
  export_function(env, exports, "unlinkat", unlinkat_call);
  export_function(env, exports, "statAt", stat_call);
  export_function(env, exports, "extractFile", extract_file_call);
  export_function(env, exports, "setAttributes", set_attributes_call);
  export_function(env, exports, "setAttributesAt", set_attributes_at_call);
}

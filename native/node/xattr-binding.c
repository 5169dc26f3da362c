/* Extended attributes of an entry of a directory, symlinks not followed: by O_PATH handle and /proc/self/fd. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/limits.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "args.h"
#include "bindings.h"

/*
 * The path of an entry that the *xattr calls can take without following it. The directory's handle is resolved by /proc, the
 * last component by the l*xattr variants; '' stands for the directory itself (with a slash, as the link must be followed).
 */
static bool entry_path(char *path, size_t size, int directory, const char *name) {
  int length = snprintf(path, size, "/proc/self/fd/%d/%s", directory, name);
  return length > 0 && (size_t)length < size;
}

/* setXattrAt(directory, name, attribute, value) */
static napi_value set_xattr_call(napi_env env, napi_callback_info info) {
  struct args args;
  char name[args_buffer], attribute[args_buffer], path[args_buffer + 32];
  size_t length;
  args_begin(&args, env, info, 4);
  int directory = args_int(&args, 0);
  args_bytes(&args, 1, name);
  args_bytes(&args, 2, attribute);
  const void *value = args_data(&args, 3, &length);
  if (args.failed) return NULL;
  if (!entry_path(path, sizeof path, directory, name)) errno = ENAMETOOLONG;
  else if (lsetxattr(path, attribute, value, length, 0) == 0) return NULL;
  error_throw(env, errno, "lsetxattr", name);
  return NULL;
}

/* removeXattrAt(directory, name, attribute) */
static napi_value remove_xattr_call(napi_env env, napi_callback_info info) {
  struct args args;
  char name[args_buffer], attribute[args_buffer], path[args_buffer + 32];
  args_begin(&args, env, info, 3);
  int directory = args_int(&args, 0);
  args_bytes(&args, 1, name);
  args_bytes(&args, 2, attribute);
  if (args.failed) return NULL;
  if (!entry_path(path, sizeof path, directory, name)) errno = ENAMETOOLONG;
  else if (lremovexattr(path, attribute) == 0) return NULL;
  error_throw(env, errno, "lremovexattr", name);
  return NULL;
}

/* listXattrsAt(directory, name): attribute names, each ended by a null, as one byte string */
static napi_value list_xattrs_call(napi_env env, napi_callback_info info) {
  struct args args;
  char name[args_buffer], path[args_buffer + 32];
  args_begin(&args, env, info, 2);
  int directory = args_int(&args, 0);
  args_bytes(&args, 1, name);
  if (args.failed) return NULL;
  napi_value result = NULL;
  char *list = malloc(XATTR_LIST_MAX);
  ssize_t length = -1;
  if (list && entry_path(path, sizeof path, directory, name)) length = llistxattr(path, list, XATTR_LIST_MAX);
  if (length < 0 && errno == EOPNOTSUPP) length = 0;
  if (length >= 0) napi_create_string_latin1(env, list, (size_t)length, &result);
  else error_throw(env, errno, "llistxattr", name);
  free(list);
  return result;
}

/* getXattrAt(directory, name, attribute): Buffer or undefined when there is none */
static napi_value get_xattr_call(napi_env env, napi_callback_info info) {
  struct args args;
  char name[args_buffer], attribute[args_buffer], path[args_buffer + 32];
  args_begin(&args, env, info, 3);
  int directory = args_int(&args, 0);
  args_bytes(&args, 1, name);
  args_bytes(&args, 2, attribute);
  if (args.failed) return NULL;
  napi_value result = NULL;
  char *value = malloc(XATTR_SIZE_MAX);
  ssize_t length = -1;
  if (value && entry_path(path, sizeof path, directory, name)) length = lgetxattr(path, attribute, value, XATTR_SIZE_MAX);
  if (length >= 0) napi_create_buffer_copy(env, (size_t)length, value, NULL, &result);
  else if (errno != ENODATA && errno != EOPNOTSUPP) error_throw(env, errno, "lgetxattr", name);
  free(value);
  return result;
}

void export_xattr(napi_env env, napi_value exports) {
  export_function(env, exports, "setXattrAt", set_xattr_call);
  export_function(env, exports, "removeXattrAt", remove_xattr_call);
  export_function(env, exports, "listXattrsAt", list_xattrs_call);
  export_function(env, exports, "getXattrAt", get_xattr_call);
}

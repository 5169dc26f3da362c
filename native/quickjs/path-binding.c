#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bindings.h"
#include "values.h"

/* One path, and a mode for those that take one. Returns 0 or an errno. */
typedef int path_operation(const char *path, int mode);

static JSValue on_path(JSContext *js, JSValueConst *arguments, bool with_mode, path_operation *operation, const char *syscall) {
  const char *path;
  int mode = 0;
  if ((with_mode && !read_int(js, arguments[1], &mode)) || !read_string(js, arguments[0], &path)) return JS_EXCEPTION;
  int error = operation(path, mode);
  JSValue result = error ? throw_system_error(js, error, syscall, path) : JS_UNDEFINED;
  JS_FreeCString(js, path);
  return result;
}

static int make_one(const char *path, int mode) {
  if (mkdir(path, (mode_t)mode) == 0) return 0;
  if (errno != EEXIST) return errno;
  struct stat status;
  return stat(path, &status) == 0 && S_ISDIR(status.st_mode) ? 0 : EEXIST;
}

static int make_directory(const char *path, int mode) {
  char part[PATH_MAX];
  size_t length = strlen(path);
  if (length >= sizeof part) return ENAMETOOLONG;
  int error = make_one(path, mode);
  if (error != ENOENT) return error;
  memcpy(part, path, length + 1);
  for (char *slash = strchr(part + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
    *slash = 0;
    error = make_one(part, mode);
    if (error) return error;
    *slash = '/';
  }
  return make_one(path, mode);
}

static int remove_file(const char *path, int mode) {
  (void)mode;
  return unlink(path) == 0 ? 0 : errno;
}

static int remove_directory(const char *path, int mode) {
  (void)mode;
  return rmdir(path) == 0 ? 0 : errno;
}

static int make_fifo(const char *path, int mode) { return mkfifo(path, (mode_t)mode) == 0 ? 0 : errno; }

/* makeDirectory(path, mode) */
static JSValue make_directory_call(JSContext *js, JSValueConst self, int count, JSValueConst *arguments) {
  (void)self, (void)count;
  return on_path(js, arguments, true, make_directory, "mkdir");
}

/* unlink(path) */
static JSValue unlink_call(JSContext *js, JSValueConst self, int count, JSValueConst *arguments) {
  (void)self, (void)count;
  return on_path(js, arguments, false, remove_file, "unlink");
}

/* removeDirectory(path) */
static JSValue remove_directory_call(JSContext *js, JSValueConst self, int count, JSValueConst *arguments) {
  (void)self, (void)count;
  return on_path(js, arguments, false, remove_directory, "rmdir");
}

/* makeFifo(path, mode) */
static JSValue make_fifo_call(JSContext *js, JSValueConst self, int count, JSValueConst *arguments) {
  (void)self, (void)count;
  return on_path(js, arguments, true, make_fifo, "mkfifo");
}

/* `named` is the argument that an error names. */
static JSValue on_two_paths(JSContext *js, JSValueConst *arguments, int (*operation)(const char *, const char *), const char *syscall, int named) {
  const char *from, *to;
  if (!read_string(js, arguments[0], &from)) return JS_EXCEPTION;
  if (!read_string(js, arguments[1], &to)) {
    JS_FreeCString(js, from);
    return JS_EXCEPTION;
  }
  JSValue result = operation(from, to) == 0 ? JS_UNDEFINED : throw_system_error(js, errno, syscall, named == 0 ? from : to);
  JS_FreeCString(js, from);
  JS_FreeCString(js, to);
  return result;
}

/* rename(from, to) */
static JSValue rename_call(JSContext *js, JSValueConst self, int count, JSValueConst *arguments) {
  (void)self, (void)count;
  return on_two_paths(js, arguments, rename, "rename", 0);
}

/* symlink(target, path) */
static JSValue symlink_call(JSContext *js, JSValueConst self, int count, JSValueConst *arguments) {
  (void)self, (void)count;
  return on_two_paths(js, arguments, symlink, "symlink", 1);
}

/* readLink(path): target */
static JSValue read_link_call(JSContext *js, JSValueConst self, int count, JSValueConst *arguments) {
  (void)self, (void)count;
  const char *path;
  char target[PATH_MAX];
  if (!read_string(js, arguments[0], &path)) return JS_EXCEPTION;
  ssize_t length = readlink(path, target, sizeof target);
  JSValue result = length >= 0 ? JS_NewStringLen(js, target, (size_t)length) : throw_system_error(js, errno, "readlink", path);
  JS_FreeCString(js, path);
  return result;
}

/* The names in a directory, without the two that every one has. Returns 0, an errno, or -1 with an exception pending. */
static int list(JSContext *js, DIR *directory, JSValueConst names) {
  for (uint32_t count = 0;;) {
    errno = 0;
    const struct dirent *entry = readdir(directory);
    if (!entry) return errno;
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
    JSValue name = JS_NewString(js, entry->d_name);
    if (JS_IsException(name) || JS_SetPropertyUint32(js, names, count++, name) < 0) return -1;
  }
}

/* readDirectory(path): names */
static JSValue read_directory_call(JSContext *js, JSValueConst self, int count, JSValueConst *arguments) {
  (void)self, (void)count;
  const char *path;
  if (!read_string(js, arguments[0], &path)) return JS_EXCEPTION;
  JSValue names = JS_NewArray(js);
  int error = -1;
  if (!JS_IsException(names)) {
    DIR *directory = opendir(path);
    error = directory ? list(js, directory, names) : errno;
    if (directory) closedir(directory);
  }
  if (error > 0) throw_system_error(js, error, "scandir", path);
  JS_FreeCString(js, path);
  if (!error) return names;
  JS_FreeValue(js, names);
  return JS_EXCEPTION;
}

static JSValue make_status(JSContext *js, const struct stat *status) {
  JSValue result = JS_NewObject(js);
  if (JS_IsException(result)) return result;
  if (set_number(js, result, "mode", status->st_mode) && set_number(js, result, "size", status->st_size) &&
      set_number(js, result, "uid", status->st_uid) && set_number(js, result, "gid", status->st_gid) &&
      set_number(js, result, "device", (int64_t)status->st_dev) && set_number(js, result, "inode", (int64_t)status->st_ino)) return result;
  JS_FreeValue(js, result);
  return JS_EXCEPTION;
}

/* status(path): FileStatus */
static JSValue status_call(JSContext *js, JSValueConst self, int count, JSValueConst *arguments) {
  (void)self, (void)count;
  const char *path;
  struct stat status;
  if (!read_string(js, arguments[0], &path)) return JS_EXCEPTION;
  JSValue result = lstat(path, &status) == 0 ? make_status(js, &status) : throw_system_error(js, errno, "lstat", path);
  JS_FreeCString(js, path);
  return result;
}

static const JSCFunctionListEntry calls[] = {
    JS_CFUNC_DEF("makeDirectory", 2, make_directory_call),
    JS_CFUNC_DEF("readDirectory", 1, read_directory_call),
    JS_CFUNC_DEF("status", 1, status_call),
    JS_CFUNC_DEF("rename", 2, rename_call),
    JS_CFUNC_DEF("unlink", 1, unlink_call),
    JS_CFUNC_DEF("removeDirectory", 1, remove_directory_call),
    JS_CFUNC_DEF("symlink", 2, symlink_call),
    JS_CFUNC_DEF("readLink", 1, read_link_call),
    JS_CFUNC_DEF("makeFifo", 2, make_fifo_call),
};

void bind_paths(JSContext *js, JSValueConst host) { BIND(js, host, calls); }

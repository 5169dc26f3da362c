#include "mount.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

static int mount_here(const struct mount_request *request) {
  return mount(request->source, request->target, request->type, request->flags, request->data) == 0 ? 0 : errno;
}

struct mount_thread {
  const struct mount_request *request;
  int error;
};

/* The working directory is shared by all threads; this one takes a copy of its own first. */
static void *mount_from_directory(void *argument) {
  struct mount_thread *thread = argument;
  if (unshare(CLONE_FS) != 0 || chdir(thread->request->cwd) != 0) thread->error = errno;
  else thread->error = mount_here(thread->request);
  return NULL;
}

int mount_classic(const struct mount_request *request) {
  if (!request->cwd) return mount_here(request);
  struct mount_thread thread = {.request = request};
  pthread_t id;
  int error = pthread_create(&id, NULL, mount_from_directory, &thread);
  if (error) return error;
  pthread_join(id, NULL);
  return thread.error;
}

static const char *configure(int fs, const struct mount_fs_request *request) {
  if (request->source && fsconfig(fs, FSCONFIG_SET_STRING, "source", request->source, 0) != 0) return "fsconfig";
  for (size_t i = 0; i < request->count; i++) {
    const struct mount_parameter *parameter = &request->parameters[i];
    int command = parameter->value ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG;
    if (fsconfig(fs, command, parameter->key, parameter->value, 0) != 0) return "fsconfig";
  }
  return fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) == 0 ? NULL : "fsconfig";
}

static const char *attach(int fs, const struct mount_fs_request *request) {
  int mount = fsmount(fs, FSMOUNT_CLOEXEC, request->attributes);
  if (mount < 0) return "fsmount";
  const char *failed = NULL;
  if (move_mount(mount, "", AT_FDCWD, request->target, MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_SYMLINKS) != 0) failed = "move_mount";
  int error = errno;
  close(mount);
  errno = error;
  return failed;
}

int mount_by_parameters(const struct mount_fs_request *request, const char **stage) {
  int fs = fsopen(request->type, FSOPEN_CLOEXEC);
  if (fs < 0) {
    *stage = "fsopen";
    return errno;
  }
  *stage = configure(fs, request);
  if (!*stage) *stage = attach(fs, request);
  int error = *stage ? errno : 0;
  close(fs);
  return error;
}

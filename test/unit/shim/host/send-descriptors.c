/* send-descriptors SOCKET FILE...: sends descriptors of the files with one message. */
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int main(int argc, char **argv) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  strncpy(address.sun_path, argv[1], sizeof address.sun_path - 1);
  int s = socket(AF_UNIX, SOCK_STREAM, 0);
  if (connect(s, (struct sockaddr *)&address, sizeof address) != 0) return 1;
  union {
    char room[CMSG_SPACE(8 * sizeof(int))];
    struct cmsghdr aligned;
  } control = {0};
  char text[] = "/dev/ptmx";
  struct iovec part = {text, sizeof text};
  size_t size = (size_t)(argc - 2) * sizeof(int);
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control.room, .msg_controllen = CMSG_SPACE(size)};
  struct cmsghdr *head = CMSG_FIRSTHDR(&message);
  *head = (struct cmsghdr){.cmsg_len = CMSG_LEN(size), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
  for (int i = 2; i < argc; i++) {
    int fd = open(argv[i], O_RDONLY);
    memcpy(CMSG_DATA(head) + (size_t)(i - 2) * sizeof fd, &fd, sizeof fd);
  }
  return sendmsg(s, &message, 0) < 0 ? 2 : 0;
}

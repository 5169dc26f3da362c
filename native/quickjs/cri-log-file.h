/* The file of a CRI log: whole records, or nothing of them. */
#ifndef GANTRY_CRI_LOG_FILE_H
#define GANTRY_CRI_LOG_FILE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

struct cri_log_file {
  char *path;
  int fd;
  uint64_t written, lost;
  int error;
};

/* Return 0 or an errno. A last line that lacks its end, as a crash leaves it, is ended. */
int cri_log_file_open(struct cri_log_file *file, const char *path);
int cri_log_file_reopen(struct cri_log_file *file);
void cri_log_file_close(struct cri_log_file *file);

/* All of it, which is whole records, or nothing; that is counted. Changes `pieces`. */
void cri_log_file_write(struct cri_log_file *file, struct iovec *pieces, int count);

#endif

#include "cri-log-time.h"

enum { second = 1000000000, fraction_start = 20, fraction_digits = 9 };

static void print(struct cri_log_time *time) {
  struct tm parts;
  gmtime_r(&time->last.tv_sec, &parts);
  strftime(time->text, sizeof time->text, "%Y-%m-%dT%H:%M:%S.000000000Z", &parts);
  long rest = time->last.tv_nsec;
  for (int digit = fraction_digits - 1; digit >= 0; digit--, rest /= 10) time->text[fraction_start + digit] = (char)('0' + rest % 10);
}

void cri_log_time_read(struct cri_log_time *time) {
  /* What records that came together have advanced at most, and more. */
  const long ahead = 1000000;
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  const struct timespec *last = &time->last;
  long since = now.tv_sec == last->tv_sec ? now.tv_nsec - last->tv_nsec : now.tv_sec == last->tv_sec - 1 ? now.tv_nsec - last->tv_nsec - second : second;
  if (since <= 0 && since > -ahead) return;
  time->last = now;
  print(time);
}

const char *cri_log_time_next(struct cri_log_time *time) {
  if (++time->last.tv_nsec == second) {
    time->last.tv_sec++;
    time->last.tv_nsec = 0;
    print(time);
    return time->text;
  }
  char *digit = time->text + fraction_start + fraction_digits - 1;
  for (; *digit == '9'; digit--) *digit = '0';
  ++*digit;
  return time->text;
}

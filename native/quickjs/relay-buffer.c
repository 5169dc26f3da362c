#include "relay-buffer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>

#include "loop.h"

enum { areas = 2, idle_milliseconds = 2000 };

static char *memory;
static bool used;
static uint64_t timer;

static void look_after(void *data);

static bool start_timer(void) {
  timer = loop_set_timer(idle_milliseconds, look_after, NULL);
  return timer != 0;
}

static void look_after(void *data) {
  (void)data;
  timer = 0;
  if (used && start_timer()) {
    used = false;
    return;
  }
  munmap(memory, areas * relay_buffer_size);
  memory = NULL;
}

char *relay_buffer(enum relay_area area) {
  used = true;
  if (!memory) {
    void *mapped = mmap(NULL, areas * relay_buffer_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapped == MAP_FAILED) return NULL;
    memory = mapped;
  }
  if (!timer) start_timer();
  return memory + (size_t)area * relay_buffer_size;
}

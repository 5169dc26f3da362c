#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <uv.h>

#include "args.h"
#include "bindings.h"

enum { max_bounds = 32 };

/*
 * What the meter counts, in nanoseconds. A turn of the loop is what it does between two waits: all callbacks that were ready. The time
 * of the wait itself is libuv's idle time and is taken off.
 */
struct counters {
  uint64_t turns;
  uint64_t wall_total, processor_total;
  uint64_t wall_longest, processor_longest;
  /* wall_buckets[i]: turns of at most bounds[i], and more than the bound before it; the last one has no bound */
  uint64_t wall_buckets[max_bounds + 1];
  uint64_t processor_buckets[max_bounds + 1];
};

/* One loop of the process is metered, the main thread's. */
static struct {
  uv_prepare_t handle;
  bool started, running;
  uint64_t bounds[max_bounds];
  size_t count;
  uint64_t time, idle, processor;
  struct counters counters;
} meter;

static uint64_t thread_time(void) {
  struct timespec now;
  if (clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now) != 0) return 0;
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void count_turn(uint64_t value, uint64_t *total, uint64_t *longest, uint64_t *buckets) {
  size_t bucket = 0;
  while (bucket < meter.count && value > meter.bounds[bucket]) bucket++;
  buckets[bucket]++;
  *total += value;
  if (value > *longest) *longest = value;
}

/* Called right before the loop waits. */
static void on_prepare(uv_prepare_t *handle) {
  uint64_t time = uv_hrtime(), idle = uv_metrics_idle_time(handle->loop), processor = thread_time();
  if (meter.running) {
    uint64_t elapsed = time - meter.time, waited = idle - meter.idle;
    struct counters *counters = &meter.counters;
    counters->turns++;
    count_turn(elapsed > waited ? elapsed - waited : 0, &counters->wall_total, &counters->wall_longest, counters->wall_buckets);
    count_turn(processor - meter.processor, &counters->processor_total, &counters->processor_longest, counters->processor_buckets);
  }
  meter.running = true;
  meter.time = time;
  meter.idle = idle;
  meter.processor = processor;
}

static void stop(void *unused) {
  (void)unused;
  uv_close((uv_handle_t *)&meter.handle, NULL);
}

/*
 * startLoopMeter(bounds): meters this thread's loop from now on. `bounds` are the bytes of up to 32 uint64, rising. Gives an ArrayBuffer over
 * the counters, which change by themselves. A second call gives the same.
 */
static napi_value start_loop_meter_call(napi_env env, napi_callback_info info) {
  struct args args;
  args_begin(&args, env, info, 1);
  size_t length = 0;
  const void *bounds = args_data(&args, 0, &length);
  if (args.failed) return NULL;
  uv_loop_t *loop = NULL;
  if (!meter.started) {
    if (length > sizeof meter.bounds || length % sizeof meter.bounds[0] != 0) {
      napi_throw_range_error(env, "ERR_OUT_OF_RANGE", "up to 32 bounds of 8 bytes are needed");
      return NULL;
    }
    memcpy(meter.bounds, bounds, length);
    meter.count = length / sizeof meter.bounds[0];
    if (napi_get_uv_event_loop(env, &loop) != napi_ok || uv_prepare_init(loop, &meter.handle) != 0) {
      napi_throw_error(env, NULL, "the event loop cannot be metered");
      return NULL;
    }
    uv_prepare_start(&meter.handle, on_prepare);
    uv_unref((uv_handle_t *)&meter.handle);
    napi_add_env_cleanup_hook(env, stop, NULL);
    meter.started = true;
  }
  napi_value buffer = NULL;
  napi_create_external_arraybuffer(env, &meter.counters, sizeof meter.counters, NULL, NULL, &buffer);
  return buffer;
}

void export_loop(napi_env env, napi_value exports) {
  export_function(env, exports, "startLoopMeter", start_loop_meter_call);
}

#include "engine.h"

#include <errno.h>
#include <stdlib.h>

#include "log.h"
#include "rejections.h"
#include "small-memory.h"

enum {
  /* Far above what a shim needs, and low enough that a mistake does not eat the machine. */
  memory_limit = 256 << 20,
  stack_limit = 1 << 20,
  /* Cycles are looked for when there is this much; afterwards at half as much again as was left. */
  first_collection = 1 << 20,
};

/*
 * When cycles are looked for is decided here and not by the engine, which counts large blocks, too: one frame of 4 MiB that is there at that
 * moment, and gone at the next, would let it wait for 6 MiB of small ones.
 */
static size_t next_collection = first_collection;
static JSRuntime *runtime;
static JSContext *js;
static JSValue program_function, evaluation;

static _Noreturn void die(const char *text) {
  log_text(text);
  exit(exit_uncaught);
}

static void tell_exception(void) {
  JSValue exception = JS_GetException(js);
  log_exception(js, "uncaught", exception);
  JS_FreeValue(js, exception);
}

static _Noreturn void die_of_exception(void) {
  tell_exception();
  exit(exit_uncaught);
}

/* Only what the program uses: each intrinsic costs memory. There is no `eval`, no parser of regular expressions at run time, no Proxy. */
static void add_intrinsics(void) {
  JS_AddIntrinsicBaseObjects(js);
  JS_AddIntrinsicRegExp(js);
  JS_AddIntrinsicJSON(js);
  JS_AddIntrinsicMapSet(js);
  JS_AddIntrinsicTypedArrays(js);
  JS_AddIntrinsicPromise(js);
}

JSContext *engine_open(const uint8_t *program, size_t length) {
#ifdef __SANITIZE_ADDRESS__
  /* Which can watch over malloc's blocks only. */
  runtime = JS_NewRuntime();
  bool collects = true;
#else
  runtime = JS_NewRuntime2(&small_memory, NULL);
  bool collects = false;
#endif
  if (!runtime) die("no memory for the engine");
  JS_SetGCThreshold(runtime, collects ? first_collection : (size_t)-1);
  JS_SetMemoryLimit(runtime, memory_limit);
  JS_SetMaxStackSize(runtime, stack_limit);
  js = JS_NewContextRaw(runtime);
  if (!js) die("no memory for the engine's context");
  /* Before anything else gives names numbers: then those in the program are right as they are, and it needs no copy. See the compiler. */
  program_function = JS_ReadObject(js, program, length, JS_READ_OBJ_BYTECODE | JS_READ_OBJ_ROM_DATA);
  add_intrinsics();
  if (JS_IsException(program_function)) die_of_exception();
  JS_SetHostPromiseRejectionTracker(runtime, rejections_track, NULL);
  return js;
}

void engine_run(void) {
  evaluation = JS_EvalFunction(js, program_function);
  if (JS_IsException(evaluation)) die_of_exception();
  engine_run_jobs();
}

/* A module's failure is the rejection of a promise: at once, or after an `await`. */
static void check_evaluation(void) {
  if (JS_IsUndefined(evaluation)) return;
  JSPromiseStateEnum state = JS_PromiseState(js, evaluation);
  if (state == JS_PROMISE_PENDING) return;
  if (state == JS_PROMISE_REJECTED) {
    JS_Throw(js, JS_PromiseResult(js, evaluation));
    die_of_exception();
  }
  JS_FreeValue(js, evaluation);
  evaluation = JS_UNDEFINED;
}

bool engine_call(JSValueConst callback, int count, JSValueConst *arguments) {
  JSValue result = JS_Call(js, callback, JS_UNDEFINED, count, arguments);
  if (JS_IsException(result)) {
    tell_exception();
    return false;
  }
  JS_FreeValue(js, result);
  return true;
}

static void collect_when_due(void) {
  if (small_memory_kept() < next_collection) return;
  JS_RunGC(runtime);
  size_t left = small_memory_kept();
  next_collection = left + left / 2 > first_collection ? left + left / 2 : first_collection;
}

void engine_run_jobs(void) {
  JSContext *context;
  for (int ran; (ran = JS_ExecutePendingJob(runtime, &context)) != 0;) {
    if (ran < 0) tell_exception();
  }
  check_evaluation();
  rejections_tell(js);
  collect_when_due();
}

void engine_close(void) {
  JS_FreeValue(js, evaluation);
  JS_FreeContext(js);
  JS_FreeRuntime(runtime);
}

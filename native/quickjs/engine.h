/*
 * The engine: QuickJS with limits, and the way from the loop into JavaScript and back. What the program throws while it starts ends the
 * process; what a callback throws, and a rejection that nobody handled, is told on stderr with its stack, and the process goes on: others
 * depend on it who have no part in the mistake.
 */
#ifndef GANTRY_ENGINE_H
#define GANTRY_ENGINE_H

#include <quickjs.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Exit codes, where no JavaScript decided on one: that of a program that fails to start, and of a loop in which nothing can happen any more. */
enum { exit_uncaught = 70, exit_idle = 71 };

/*
 * A context with `program`, bytecode that the compiler of this folder wrote, loaded and not yet run. The memory of `program` is used in
 * place, so it must stay. Ends the process when that fails.
 */
JSContext *engine_open(const uint8_t *program, size_t length);

/* Runs the program that was loaded, and the jobs that it left. */
void engine_run(void);

/* Calls a callback. The arguments are the caller's; what is returned is dropped. Returns false when it threw, which has been told. */
bool engine_call(JSValueConst callback, int count, JSValueConst *arguments);

/* Runs the jobs that are due (what follows an `await`), then tells of rejections that nobody handled. */
void engine_run_jobs(void);

/* Frees everything. The engine aborts when somebody still holds a value. */
void engine_close(void);

#endif

/*
 * Compiles a module without imports to bytecode, with the engine that will run it: the two always come from one library.
 *
 *   compiler [--lines] NAME INPUT OUTPUT
 *
 * Stacks have names of functions always, and with `--lines` lines of NAME, too. These cost 160 bytes of memory for each function of every
 * process, and a copy of the bytecode.
 */
#include <quickjs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static _Noreturn void fail(const char *what, const char *name) {
  fprintf(stderr, "%s %s failed\n", what, name);
  exit(1);
}

/*
 * Bytecode can be used where it lies, unchanged and shared by all processes, when the names in it (atoms) get the numbers at run time that
 * they have in it: one after the other from the first that the engine has not given away itself. An empty context has given away one,
 * of the first and only name that it makes at run time; so that must be the program's first name, too, which is what a module is called.
 */
static const char first_name[] = "AggregateError";

/* With a NUL behind it, as the parser needs. */
static char *read_script(const char *path, size_t *length) {
  FILE *file = fopen(path, "rb");
  if (!file || fseek(file, 0, SEEK_END) != 0) fail("reading", path);
  long size = ftell(file);
  char *text = size < 0 ? NULL : calloc(1, (size_t)size + 1);
  if (!text) fail("reading", path);
  rewind(file);
  if (fread(text, 1, (size_t)size, file) != (size_t)size || fclose(file) != 0) fail("reading", path);
  *length = (size_t)size;
  return text;
}

/* Loads the bytecode as the host does. Whether it needed a copy of it. */
static int needs_copy(const uint8_t *bytes, size_t length) {
  JSRuntime *runtime = JS_NewRuntime();
  JSContext *js = runtime ? JS_NewContextRaw(runtime) : NULL;
  if (!js) fail("opening", "the engine");
  JSValue program = JS_ReadObject(js, bytes, length, JS_READ_OBJ_BYTECODE | JS_READ_OBJ_ROM_DATA);
  JSMemoryUsage usage;
  JS_ComputeMemoryUsage(runtime, &usage);
  int copied = JS_IsException(program) || usage.js_func_count == 0 || usage.js_func_code_size > 0;
  JS_FreeValue(js, program);
  JS_FreeContext(js);
  JS_FreeRuntime(runtime);
  return copied;
}

static void write_bytes(const char *path, const uint8_t *bytes, size_t length) {
  FILE *file = fopen(path, "wb");
  if (!file || fwrite(bytes, 1, length, file) != length || fclose(file) != 0) fail("writing", path);
}

static void print_exception(JSContext *js) {
  JSValue exception = JS_GetException(js), stack = JS_GetPropertyStr(js, exception, "stack");
  const char *text = JS_ToCString(js, exception), *where = JS_ToCString(js, stack);
  fprintf(stderr, "%s\n%s\n", text ? text : "an exception", where ? where : "");
  exit(1);
}

int main(int argc, char **argv) {
  int lines = argc > 1 && strcmp(argv[1], "--lines") == 0;
  argv += lines;
  argc -= lines;
  if (argc != 4) fail("usage: compiler [--lines] NAME INPUT OUTPUT:", "this call");
  size_t length;
  char *text = read_script(argv[2], &length);
  JSRuntime *runtime = JS_NewRuntime();
  JSContext *js = runtime ? JS_NewContext(runtime) : NULL;
  if (!js) fail("opening", "the engine");
  JS_SetStripInfo(runtime, lines ? JS_STRIP_SOURCE : JS_STRIP_DEBUG);
  JSValue program = JS_Eval(js, text, length, lines ? argv[1] : first_name, JS_EVAL_TYPE_MODULE | JS_EVAL_FLAG_COMPILE_ONLY);
  if (JS_IsException(program)) print_exception(js);
  size_t size;
  uint8_t *bytes = JS_WriteObject(js, &size, program, JS_WRITE_OBJ_BYTECODE);
  if (!bytes) print_exception(js);
  if (!lines && needs_copy(bytes, size)) fail("using in place the bytecode of", argv[2]);
  write_bytes(argv[3], bytes, size);
  js_free(js, bytes);
  JS_FreeValue(js, program);
  free(text);
  JS_FreeContext(js);
  JS_FreeRuntime(runtime);
  return 0;
}

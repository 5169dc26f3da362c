/* Where the sanitizers report, as nobody reads the stderr of a shim: REPORT, a dot and the process id. */
const char *__asan_default_options(void);
const char *__ubsan_default_options(void);

const char *__asan_default_options(void) { return "log_path=" REPORT; }
const char *__ubsan_default_options(void) { return "print_stacktrace=1:log_path=" REPORT; }

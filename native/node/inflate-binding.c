#include <errno.h>
#include <stdlib.h>
#include <unistd.h>
#include <zlib.h>

#include "args.h"
#include "bindings.h"
#include "job.h"

/* zlib is Node's own: Node exports it to modules, and brings its header. */

enum { input_size = 256 * 1024 };

/* One stream of gzip members, one after the other. */
struct inflater {
  z_stream stream;
  bool within; /* a member has begun and not ended */
  bool validate;
  bool done; /* what follows the last member is padding */
  unsigned char input[input_size];
};

static void inflater_free(napi_env env, void *data, void *hint) {
  (void)env;
  (void)hint;
  struct inflater *inflater = data;
  inflateEnd(&inflater->stream);
  free(inflater);
}

/* makeInflater(validate): an external; false leaves the check of the content (RFC 1952: CRC32, ISIZE) to somebody else */
static napi_value make_call(napi_env env, napi_callback_info info) {
  struct args args;
  args_begin(&args, env, info, 1);
  bool validate = args_bool(&args, 0);
  if (args.failed) return NULL;
  napi_value result = NULL;
  struct inflater *inflater = calloc(1, sizeof *inflater);
  /* 15 bits of window; 16 more: gzip's headers alone */
  if (!inflater || inflateInit2(&inflater->stream, 15 + 16) != Z_OK) {
    free(inflater);
    error_throw(env, ENOMEM, "inflateInit2", NULL);
    return NULL;
  }
  inflater->within = true;
  inflater->validate = validate;
  inflateValidate(&inflater->stream, validate);
  if (napi_create_external(env, inflater, inflater_free, NULL, &result) != napi_ok) inflater_free(env, inflater, NULL);
  return result;
}

struct inflate_job {
  struct job job;
  struct inflater *inflater;
  int fd;
  off_t offset;
  size_t readable, taken, made;
  bool ended;
  unsigned char *output;
  size_t room;
  /* Keep what the job works with from being collected. */
  napi_env env;
  napi_ref inflater_ref, output_ref;
};

static void fail(struct job *job, int error, const char *what) {
  job->error = error;
  job->syscall = what;
}

/* Reads more of the file; false when that failed. */
static bool read_input(struct inflate_job *work) {
  struct inflater *inflater = work->inflater;
  size_t wanted = work->readable < input_size ? work->readable : input_size;
  ssize_t count;
  do count = pread(work->fd, inflater->input, wanted, work->offset + (off_t)work->taken);
  while (count < 0 && errno == EINTR);
  if (count <= 0) {
    fail(&work->job, count < 0 ? errno : ENODATA, "pread");
    return false;
  }
  work->taken += (size_t)count;
  work->readable -= (size_t)count;
  inflater->stream.next_in = inflater->input;
  inflater->stream.avail_in = (unsigned)count;
  return true;
}

/* What follows a member is another one, or zeros that fill a block. */
static void next_member(struct inflate_job *work) {
  struct inflater *inflater = work->inflater;
  inflater->done = *inflater->stream.next_in == 0;
  if (!inflater->done) {
    inflateReset(&inflater->stream);
    inflateValidate(&inflater->stream, inflater->validate);
    inflater->within = true;
  }
}

static void inflate_run(struct job *job) {
  struct inflate_job *work = (struct inflate_job *)job;
  struct inflater *inflater = work->inflater;
  z_stream *stream = &inflater->stream;
  stream->next_out = work->output;
  stream->avail_out = (unsigned)work->room;
  while (!inflater->done && stream->avail_out > 0) {
    if (stream->avail_in == 0 && work->readable > 0 && !read_input(work)) return;
    if (!inflater->within) {
      if (stream->avail_in == 0) break;
      next_member(work);
      continue;
    }
    int status = inflate(stream, Z_NO_FLUSH);
    if (status == Z_STREAM_END) inflater->within = false;
    /* It wants more, of which there is none; without input it may have had something left to give. */
    else if (status == Z_BUF_ERROR && work->readable == 0) break;
    else if (status != Z_OK && status != Z_BUF_ERROR) {
      fail(job, status == Z_MEM_ERROR ? ENOMEM : EBADMSG, stream->msg ? stream->msg : "inflate");
      return;
    }
  }
  work->made = work->room - stream->avail_out;
  if (inflater->done) work->taken += work->readable;
  else if (work->ended && inflater->within && stream->avail_out > 0) fail(job, EBADMSG, "unexpected end of file");
}

static napi_value inflate_result(napi_env env, struct job *job) {
  struct inflate_job *work = (struct inflate_job *)job;
  napi_value result;
  napi_create_array_with_length(env, 2, &result);
  napi_set_element(env, result, 0, make_int(env, (int64_t)work->taken));
  napi_set_element(env, result, 1, make_int(env, (int64_t)work->made));
  return result;
}

static void inflate_destroy(struct job *job) {
  struct inflate_job *work = (struct inflate_job *)job;
  napi_delete_reference(work->env, work->inflater_ref);
  napi_delete_reference(work->env, work->output_ref);
  free(work);
}

/* inflateFile(inflater, fd, offset, readable, ended, output): a promise of [taken, made] */
static napi_value inflate_call(napi_env env, napi_callback_info info) {
  struct args args;
  args_begin(&args, env, info, 6);
  void *inflater = NULL;
  size_t room = 0;
  int fd = args_int(&args, 1);
  int64_t offset = args_int64(&args, 2), readable = args_int64(&args, 3);
  bool ended = args_bool(&args, 4);
  /* Lent to be filled. */
  unsigned char *output = (unsigned char *)args_data(&args, 5, &room);
  if (args.failed) return NULL;
  if (napi_get_value_external(env, args.values[0], &inflater) != napi_ok || offset < 0 || readable < 0 || room > INT32_MAX) {
    napi_throw_range_error(env, "ERR_OUT_OF_RANGE", "an inflater and a range of its file are needed");
    return NULL;
  }
  struct inflate_job *work = calloc(1, sizeof *work);
  if (!work) return NULL;
  *work = (struct inflate_job){
      .job = {.run = inflate_run, .destroy = inflate_destroy, .result = inflate_result},
      .inflater = inflater,
      .fd = fd,
      .offset = offset,
      .readable = (size_t)readable,
      .ended = ended,
      .output = output,
      .room = room,
      .env = env,
  };
  napi_create_reference(env, args.values[0], 1, &work->inflater_ref);
  napi_create_reference(env, args.values[5], 1, &work->output_ref);
  return job_submit(env, &work->job, true);
}

void export_inflate(napi_env env, napi_value exports) {
  export_function(env, exports, "makeInflater", make_call);
  export_function(env, exports, "inflateFile", inflate_call);
}

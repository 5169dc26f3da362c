/* The logs that JavaScript holds, for those bindings that need one. */
#ifndef GANTRY_CRI_LOG_HANDLES_H
#define GANTRY_CRI_LOG_HANDLES_H

#include <quickjs.h>

#include "cri-log.h"

struct log_handle {
  struct cri_log *log;
  unsigned feeders; /* relays; it cannot be closed while it has any */
};

/* NULL with an exception pending. */
struct log_handle *log_handle_of(JSContext *js, JSValueConst handle);

#endif

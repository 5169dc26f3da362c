/* Memory for moving much, shared by all relays and given back when nothing needed it for a while: a shim is idle most of its life. */
#ifndef GANTRY_RELAY_BUFFER_H
#define GANTRY_RELAY_BUFFER_H

enum { relay_buffer_size = 64 * 1024 };

/* What the memory is for. */
enum relay_area { area_read, area_written };

/* relay_buffer_size bytes, valid within one turn of the loop; NULL: no memory. */
char *relay_buffer(enum relay_area area);

#endif

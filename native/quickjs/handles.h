/* Numbers for things that JavaScript refers to; a number is never used again for another thing of its table. */
#ifndef GANTRY_HANDLES_H
#define GANTRY_HANDLES_H

#include <stdint.h>

struct handle_slot {
  void *thing; /* NULL: free */
  uint32_t generation;
  uint32_t next_free; /* index + 1 */
};

/* All zero is an empty table. */
struct handles {
  struct handle_slot *slots;
  uint32_t room;
  uint32_t count;      /* of things */
  uint32_t first_free; /* index + 1 */
};

/* The number, below 2^53; 0 with errno ENOMEM. `thing` is not NULL. */
uint64_t handles_add(struct handles *table, void *thing);
/* NULL for a number that no longer, or never, stood for anything. */
void *handles_find(const struct handles *table, uint64_t handle);
/* The number of the thing in the slot of that index. */
uint64_t handles_number(const struct handles *table, uint32_t index);
/* The thing that the number stood for, NULL as above. */
void *handles_remove(struct handles *table, uint64_t handle);

#endif

/* Remembers inodes, each with a text. */
#ifndef GANTRY_INODE_MAP_H
#define GANTRY_INODE_MAP_H

#include <stddef.h>
#include <sys/types.h>

struct inode_entry {
  dev_t device;
  ino_t inode;
  char *text; /* owned; may be NULL */
};

/* All zero is an empty map. */
struct inode_map {
  struct inode_entry *entries;
  size_t capacity;
  size_t count;
};

/* The entry of an inode, made if need be (then `*fresh` is 1); NULL when memory is short. Valid until the next call. */
struct inode_entry *inode_map_get(struct inode_map *map, dev_t device, ino_t inode, int *fresh);
void inode_map_free(struct inode_map *map);

#endif

#include "inode-map.h"

#include <stdlib.h>

static struct inode_entry *slot(struct inode_entry *entries, size_t capacity, dev_t device, ino_t inode) {
  size_t index = ((size_t)inode * 0x9E3779B97F4A7C15u ^ (size_t)device) & (capacity - 1);
  /* No filesystem has an inode 0. */
  while (entries[index].inode && (entries[index].inode != inode || entries[index].device != device))
    index = (index + 1) & (capacity - 1);
  return &entries[index];
}

static int grow(struct inode_map *map) {
  size_t capacity = map->capacity ? map->capacity * 2 : 64;
  struct inode_entry *entries = calloc(capacity, sizeof *entries);
  if (!entries) return -1;
  for (size_t i = 0; i < map->capacity; i++) {
    struct inode_entry *old = &map->entries[i];
    if (old->inode) *slot(entries, capacity, old->device, old->inode) = *old;
  }
  free(map->entries);
  map->entries = entries;
  map->capacity = capacity;
  return 0;
}

struct inode_entry *inode_map_get(struct inode_map *map, dev_t device, ino_t inode, int *fresh) {
  if (map->count * 2 >= map->capacity && grow(map) != 0) return NULL;
  struct inode_entry *entry = slot(map->entries, map->capacity, device, inode);
  *fresh = entry->inode == 0;
  if (!*fresh) return entry;
  entry->device = device;
  entry->inode = inode;
  map->count++;
  return entry;
}

void inode_map_free(struct inode_map *map) {
  for (size_t i = 0; i < map->capacity; i++) free(map->entries[i].text);
  free(map->entries);
}

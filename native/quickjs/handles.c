#include "handles.h"

#include <errno.h>
#include <stdlib.h>

/* A handle is a slot's index + 1 in its low bits, and how often the slot was used before above them. */
enum { index_bits = 24, generation_mask = (1 << 28) - 1 };

static int grow(struct handles *table) {
  uint32_t room = table->room ? table->room * 2 : 16;
  if (room >= 1u << index_bits) return ENOMEM;
  struct handle_slot *slots = realloc(table->slots, room * sizeof *slots);
  if (!slots) return ENOMEM;
  for (uint32_t i = table->room; i < room; i++) {
    slots[i] = (struct handle_slot){.next_free = i + 1 < room ? i + 2 : 0};
  }
  table->first_free = table->room + 1;
  table->slots = slots;
  table->room = room;
  return 0;
}

uint64_t handles_number(const struct handles *table, uint32_t index) {
  return (uint64_t)table->slots[index].generation << index_bits | (index + 1);
}

uint64_t handles_add(struct handles *table, void *thing) {
  if (!table->first_free && grow(table) != 0) {
    errno = ENOMEM;
    return 0;
  }
  uint32_t number = table->first_free;
  struct handle_slot *slot = &table->slots[number - 1];
  table->first_free = slot->next_free;
  table->count++;
  slot->thing = thing;
  return handles_number(table, number - 1);
}

static struct handle_slot *slot_of(const struct handles *table, uint64_t handle) {
  uint64_t number = handle & ((1u << index_bits) - 1);
  if (number == 0 || number > table->room) return NULL;
  struct handle_slot *slot = &table->slots[number - 1];
  return slot->thing && slot->generation == handle >> index_bits ? slot : NULL;
}

void *handles_find(const struct handles *table, uint64_t handle) {
  struct handle_slot *slot = slot_of(table, handle);
  return slot ? slot->thing : NULL;
}

void *handles_remove(struct handles *table, uint64_t handle) {
  struct handle_slot *slot = slot_of(table, handle);
  if (!slot) return NULL;
  void *thing = slot->thing;
  slot->thing = NULL;
  slot->generation = (slot->generation + 1) & generation_mask;
  slot->next_free = table->first_free;
  table->first_free = (uint32_t)(slot - table->slots) + 1;
  table->count--;
  return thing;
}

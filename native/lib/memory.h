/* How much freed memory the process keeps. */
#ifndef GANTRY_MEMORY_H
#define GANTRY_MEMORY_H

/* Bytes from which on malloc gives a block pages of its own, once it is told: above the 64 KiB that Node reads sockets with, below the pieces of layers. */
enum { memory_large = 128 * 1024 };

/*
 * Makes malloc give large blocks back when they are freed. By itself glibc raises its limit of what counts as large to the largest block
 * that was ever freed, and from then on keeps what a burst of layers needed.
 */
void memory_limit_kept(void);

/* Gives back what is free now. Takes as long as there are pages to give back: milliseconds. */
void memory_trim(void);

#endif

/* The bytecode that is linked in. */
#ifndef GANTRY_PROGRAM_H
#define GANTRY_PROGRAM_H

#include <stdint.h>

extern const uint8_t program_begin[], program_end[];

#endif

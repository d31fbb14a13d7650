/* constants.h: the module's ACCESS_*, PROT_*, MAP_*, MADV_*, MS_* and sizes.

   0, or -1 with an exception set. */

#ifndef MMAP_CONSTANTS_H
#define MMAP_CONSTANTS_H

#include "pycompat.h"

int constants_add(PyObject *module);

#endif

#ifndef CSTARTUP_H
#define CSTARTUP_H

// An executable that links this target loads OpenBLAS without threads of its own; see startup.c.

#endif

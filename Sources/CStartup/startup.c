#define _POSIX_C_SOURCE 200112L

#include "CStartup.h"

#include <stddef.h>
#include <string.h>
#include <unistd.h>

// OpenBLAS starts a thread for each core as soon as it is loaded. We never let it use them, and a
// process that ends while they are starting can hang for ever: the exit handler of OpenBLAS 0.3.21
// joins a worker that is still allocating. Only the environment can keep it from starting them, and
// the library reads it before `main`. So an executable without the variable starts itself again
// with it, before any shared library is initialised; that takes about a millisecond. A value that
// the user has set stays, and where the restart is not possible the process goes on as it is.
static void keep_openblas_single(int argc, char **argv, char **environment) {
  static char setting[] = "OPENBLAS_NUM_THREADS=1";
  const size_t name = sizeof "OPENBLAS_NUM_THREADS=" - 1;
  size_t count = 0;
  for (; environment[count] != NULL; count++) {
    if (strncmp(environment[count], setting, name) == 0) return;
  }
  if (argc < 1 || count > 65536) return;
  char *next[count + 2];
  memcpy(next, environment, count * sizeof *next);
  next[count] = setting;
  next[count + 1] = NULL;
  // By its own path, so that the process keeps its name.
  char path[4096];
  const ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
  if (length <= 0) return;
  path[length] = 0;
  execve(path, argv, next);
}

#if defined(__linux__)
__attribute__((section(".preinit_array"), used, retain)) static void (*const before_libraries)(
    int, char **, char **) = keep_openblas_single;
#endif

#ifndef CK_VECTORS_H
#define CK_VECTORS_H

// Sixteen lanes in the compiler's own vector types: one source for every instruction set. Files
// that include this one compile it with the target attribute in force, so all is inlined.

#include <stddef.h>
#include <stdint.h>
#include <string.h>

// Vectors wider than the registers are passed by functions that are always inlined, so that no
// calling convention is in play.
#pragma clang diagnostic ignored "-Wpsabi"

#define CK_INLINE static inline __attribute__((always_inline, unused))
#define CK_UNROLL _Pragma("clang loop unroll(full)")

typedef float v16 __attribute__((vector_size(64)));
typedef float v8 __attribute__((vector_size(32)));
typedef float v4 __attribute__((vector_size(16)));
typedef int32_t v16i __attribute__((vector_size(64)));
typedef uint32_t v16u __attribute__((vector_size(64)));
typedef uint16_t v16h __attribute__((vector_size(32)));
typedef int8_t v16b __attribute__((vector_size(16)));

#endif

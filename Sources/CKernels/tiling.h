#ifndef CK_TILING_H
#define CK_TILING_H

#include "backends.h"
#include "vectors.h"

/// The first of a block of weight rows and of activation rows, and where their products go.
typedef struct ck_block {
  const uint8_t *weights;
  size_t row_bytes;
  const ck_activations *x;
  size_t first_x;
  const float *bias;
  float *y;
  size_t stride;
} ck_block;

CK_INLINE void ck_store(const ck_block *block, int row, int x, float sum) {
  block->y[(size_t)x * block->stride + (size_t)row] =
      block->bias ? sum + block->bias[row] : sum;
}

// Walks weight rows in tiles and, in each, the activation rows by up to four, so that the weights
// come from memory once for every batch. KERNEL(type, R, N, block) does R weight rows by N
// activation rows; R is ROWS_OF(N) or 1.
#define CK_TILED_LINEAR(NAME, TARGET, KERNEL, R1, R2, R3, R4, TYPES)                          \
  TARGET void NAME(                                                                           \
      ck_type type, const uint8_t *weights, size_t row_bytes, size_t rows,                    \
      const ck_activations *x, const float *bias, float *y, size_t stride) {                  \
    const size_t tile = 16;                                                                   \
    for (size_t top = 0; top < rows; top += tile) {                                           \
      const size_t count = rows - top < tile ? rows - top : tile;                             \
      for (size_t n = 0; n < x->rows;) {                                                      \
        const size_t left = x->rows - n;                                                      \
        const int width = left < 4 ? (int)left : 4;                                           \
        const size_t step = (size_t[]){0, R1, R2, R3, R4}[width];                             \
        for (size_t r = 0; r < count;) {                                                      \
          const bool whole = count - r >= step;                                               \
          const ck_block block = {weights + (top + r) * row_bytes, row_bytes, x, n,           \
                                  bias ? bias + top + r : NULL, y + n * stride + top + r,     \
                                  stride};                                                    \
          switch (type) {                                                                     \
            TYPES(KERNEL, R1, R2, R3, R4)                                                     \
            default: break;                                                                   \
          }                                                                                   \
          r += whole ? step : 1;                                                              \
        }                                                                                     \
        n += (size_t)width;                                                                   \
      }                                                                                       \
    }                                                                                         \
  }

#define CK_SHAPES(KERNEL, TYPE, R1, R2, R3, R4)                                               \
  case TYPE:                                                                                  \
    switch (width) {                                                                          \
      case 1: if (whole) KERNEL(TYPE, R1, 1, &block); else KERNEL(TYPE, 1, 1, &block); break; \
      case 2: if (whole) KERNEL(TYPE, R2, 2, &block); else KERNEL(TYPE, 1, 2, &block); break; \
      case 3: if (whole) KERNEL(TYPE, R3, 3, &block); else KERNEL(TYPE, 1, 3, &block); break; \
      default: if (whole) KERNEL(TYPE, R4, 4, &block); else KERNEL(TYPE, 1, 4, &block);       \
    }                                                                                         \
    break;

#define CK_FLOAT_TYPES(KERNEL, R1, R2, R3, R4) \
  CK_SHAPES(KERNEL, CK_F32, R1, R2, R3, R4)    \
  CK_SHAPES(KERNEL, CK_F16, R1, R2, R3, R4)    \
  CK_SHAPES(KERNEL, CK_BF16, R1, R2, R3, R4)

#define CK_QUANTIZED_TYPES(KERNEL, R1, R2, R3, R4) \
  CK_SHAPES(KERNEL, CK_Q8_0, R1, R2, R3, R4)       \
  CK_SHAPES(KERNEL, CK_Q4_0, R1, R2, R3, R4)       \
  CK_SHAPES(KERNEL, CK_Q4_K, R1, R2, R3, R4)       \
  CK_SHAPES(KERNEL, CK_Q5_K, R1, R2, R3, R4)       \
  CK_SHAPES(KERNEL, CK_Q6_K, R1, R2, R3, R4)

#endif

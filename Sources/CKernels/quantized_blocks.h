#ifndef CK_QUANTIZED_BLOCKS_H
#define CK_QUANTIZED_BLOCKS_H

// What the quantised kernels of all instruction sets share: the block layouts of GGUF v3.

#include "tiling.h"

CK_INLINE size_t ck_block_bytes(ck_type type) {
  switch (type) {
    case CK_Q8_0: return 34;
    case CK_Q4_0: return 18;
    case CK_Q4_K: return 144;
    case CK_Q5_K: return 176;
    case CK_Q6_K: return 210;
    default: return 0;
  }
}

/// The scales and minima of the eight sub-blocks of a Q4_K or Q5_K block, one byte each, the first
/// in the lowest byte, from the twelve bytes that pack them.
CK_INLINE void ck_scales_minima(const uint8_t *s, uint64_t *scales, uint64_t *minima) {
  uint32_t a, b, c;
  memcpy(&a, s, 4);
  memcpy(&b, s + 4, 4);
  memcpy(&c, s + 8, 4);
  const uint32_t high_scales = (c & 0x0f0f0f0f) | ((a >> 6) & 0x03030303) << 4;
  const uint32_t high_minima = ((c >> 4) & 0x0f0f0f0f) | ((b >> 6) & 0x03030303) << 4;
  *scales = (uint64_t)high_scales << 32 | (a & 0x3f3f3f3f);
  *minima = (uint64_t)high_minima << 32 | (b & 0x3f3f3f3f);
}

/// One row of quantised activations.
typedef struct ck_row {
  const int8_t *quantized;
  const float *scales;
  const int32_t *offsets;
  const float *sums;
} ck_row;

CK_INLINE ck_row ck_row_of(const ck_activations *x, size_t row) {
  const size_t at = row * x->groups;
  return (ck_row){x->quantized + 32 * at, x->scales + at, x->offsets + 8 * at, x->sums + at};
}

#endif

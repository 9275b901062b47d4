#pragma STDC FP_CONTRACT OFF

#include "quantized_blocks.h"

CK_INLINE float ck_half(const uint8_t *p) {
  uint16_t h;
  memcpy(&h, p, 2);
  const uint32_t magnitude = (uint32_t)(h & 0x7fff) << 13;
  uint32_t bits = magnitude;
  float value;
  memcpy(&value, &bits, 4);
  value *= 0x1p112f;  // Moves the exponent; exact for subnormal halves too.
  memcpy(&bits, &value, 4);
  if (magnitude >= (0x7c00u << 13)) bits = magnitude | 0x7f800000;
  bits |= (uint32_t)(h & 0x8000) << 16;
  memcpy(&value, &bits, 4);
  return value;
}

/// Up to 256 weights as integers with their scales: one per four neighbours.
typedef struct ck_decoded {
  int8_t q[256];
  float scales[64];
  float minima[8];
} ck_decoded;

CK_INLINE void ck_decode(ck_type type, const uint8_t *p, ck_decoded *out) {
  switch (type) {
    case CK_Q8_0:
      for (int l = 0; l < 8; l++) out->scales[l] = ck_half(p);
      memcpy(out->q, p + 2, 32);
      break;
    case CK_Q4_0:
      for (int l = 0; l < 8; l++) out->scales[l] = ck_half(p);
      for (int l = 0; l < 16; l++) {
        out->q[l] = (int8_t)((p[2 + l] & 15) - 8);
        out->q[16 + l] = (int8_t)((p[2 + l] >> 4) - 8);
      }
      break;
    case CK_Q4_K:
    case CK_Q5_K: {
      const float d = ck_half(p), dmin = ck_half(p + 2);
      const uint8_t *const low = p + (type == CK_Q4_K ? 16 : 48);
      uint64_t scales, minima;
      ck_scales_minima(p + 4, &scales, &minima);
      for (int j = 0; j < 8; j++) {
        out->minima[j] = dmin * (float)(minima >> 8 * j & 255);
        for (int l = 0; l < 8; l++) out->scales[8 * j + l] = d * (float)(scales >> 8 * j & 255);
        for (int l = 0; l < 32; l++) {
          const int nibble = low[32 * (j / 2) + l] >> 4 * (j % 2) & 15;
          const int bit = type == CK_Q5_K ? p[16 + l] >> j & 1 : 0;
          out->q[32 * j + l] = (int8_t)(nibble | bit << 4);
        }
      }
      break;
    }
    case CK_Q6_K: {
      const float d = ck_half(p + 208);
      for (int i = 0; i < 64; i++) out->scales[i] = d * (float)(int8_t)p[192 + i / 4];
      for (int i = 0; i < 256; i++) {
        const int n = i / 128, g = i % 128 / 32, l = i % 32;
        const int low = p[64 * n + 32 * (g % 2) + l] >> 4 * (g / 2) & 15;
        const int high = p[128 + 32 * n + l] >> 2 * g & 3;
        out->q[i] = (int8_t)((low | high << 4) - 32);
      }
      break;
    }
    default: break;
  }
}

CK_INLINE void ck_portable_block(ck_type type, const int R, const int N, const ck_block *block) {
  const int groups = type <= CK_Q4_0 ? 1 : 8;
  const bool minima = type == CK_Q4_K || type == CK_Q5_K;
  const size_t blocks = block->x->columns / (32 * (size_t)groups);
  for (int r = 0; r < R; r++) {
    float acc[4][16] = {{0}}, low[4][8] = {{0}};
    for (size_t b = 0; b < blocks; b++) {
      ck_decoded w;
      ck_decode(
          type, block->weights + (size_t)r * block->row_bytes + b * ck_block_bytes(type), &w);
      for (int n = 0; n < N; n++) {
        const ck_row x = ck_row_of(block->x, block->first_x + (size_t)n);
        for (int j = 0; j < groups; j++) {
          const size_t g = b * (size_t)groups + (size_t)j;
          for (int l = 0; l < 8; l++) {
            int sum = 0;
            for (int i = 4 * l; i < 4 * l + 4; i++) sum += w.q[32 * j + i] * x.quantized[32 * g + (size_t)i];
            float *const lane = &acc[n][8 * (g % 2) + (size_t)l];
            *lane = __builtin_elementwise_fma((float)sum, w.scales[8 * j + l] * x.scales[g], *lane);
          }
          if (minima) low[n][j] = __builtin_elementwise_fma(w.minima[j], x.sums[g], low[n][j]);
        }
      }
    }
    for (int n = 0; n < N; n++) {
      float *const a = acc[n];
      for (int l = 0; l < 8; l++) a[l] += a[l + 8];
      for (int l = 0; minima && l < 8; l++) a[l] -= low[n][l];
      for (int l = 0; l < 4; l++) a[l] += a[l + 4];
      ck_store(block, r, n, (a[0] + a[2]) + (a[1] + a[3]));
    }
  }
}

CK_TILED_LINEAR(ck_quantized_portable, , ck_portable_block, 1, 1, 1, 1, CK_QUANTIZED_TYPES)

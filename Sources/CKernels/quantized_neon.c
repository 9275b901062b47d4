#pragma STDC FP_CONTRACT OFF

#include "quantized_blocks.h"

#if defined(__aarch64__)
#include <arm_neon.h>

/// Exact sums of four neighbouring products each, of sixteen signed bytes.
CK_INLINE int32x4_t ck_dot16(int8x16_t w, int8x16_t a) {
#if defined(__ARM_FEATURE_DOTPROD)
  return vdotq_s32(vdupq_n_s32(0), w, a);
#else
  // |w| <= 128 and |a| <= 127: a product fits 16 bits.
  const int32x4_t low = vpaddlq_s16(vmull_s8(vget_low_s8(w), vget_low_s8(a)));
  const int32x4_t high = vpaddlq_s16(vmull_high_s8(w, a));
  return vpaddq_s32(low, high);
#endif
}

CK_INLINE float ck_half(const uint8_t *p) {
  __fp16 h;
  memcpy(&h, p, 2);
  return (float)h;
}

/// Sixteen weights, `half` of group j, as signed numbers.
CK_INLINE int8x16_t ck_weights16(ck_type type, const uint8_t *p, const int j, const int half) {
  const uint8x16_t fifteen = vdupq_n_u8(15);
  if (type == CK_Q8_0) return vreinterpretq_s8_u8(vld1q_u8(p + 2 + 16 * half));
  if (type == CK_Q4_0) {
    const uint8x16_t bytes = vld1q_u8(p + 2);
    const uint8x16_t q = half == 0 ? vandq_u8(bytes, fifteen) : vshrq_n_u8(bytes, 4);
    return vsubq_s8(vreinterpretq_s8_u8(q), vdupq_n_s8(8));
  }
  if (type == CK_Q6_K) {
    const int n = j / 4, g = j % 4;
    const uint8x16_t bytes = vld1q_u8(p + 64 * n + 32 * (g % 2) + 16 * half);
    const uint8x16_t low = g < 2 ? vandq_u8(bytes, fifteen) : vshrq_n_u8(bytes, 4);
    const uint8x16_t bits =
        vshlq_u8(vld1q_u8(p + 128 + 32 * n + 16 * half), vdupq_n_s8((int8_t)(4 - 2 * g)));
    const uint8x16_t q = vorrq_u8(low, vandq_u8(bits, vdupq_n_u8(0x30)));
    return vsubq_s8(vreinterpretq_s8_u8(q), vdupq_n_s8(32));
  }
  const uint8x16_t bytes = vld1q_u8(p + (type == CK_Q4_K ? 16 : 48) + 32 * (j / 2) + 16 * half);
  const uint8x16_t low = j % 2 == 0 ? vandq_u8(bytes, fifteen) : vshrq_n_u8(bytes, 4);
  if (type == CK_Q4_K) return vreinterpretq_s8_u8(low);
  const uint8x16_t set = vtstq_u8(vld1q_u8(p + 16 + 16 * half), vdupq_n_u8((uint8_t)(1 << j)));
  return vreinterpretq_s8_u8(vorrq_u8(low, vandq_u8(set, vdupq_n_u8(16))));
}

CK_INLINE void ck_neon_block(ck_type type, const int R, const int N, const ck_block *block) {
  const int groups = type <= CK_Q4_0 ? 1 : 8;
  const bool minima = type == CK_Q4_K || type == CK_Q5_K;
  const size_t blocks = block->x->columns / (32 * (size_t)groups);
  const uint8_t *w[4];
  ck_row x[4];
  // Lanes 0-3 and 4-7 of the even groups, then of the odd ones.
  float32x4_t acc[4][4][4], low[4][4][2];
  CK_UNROLL for (int r = 0; r < R; r++) w[r] = block->weights + (size_t)r * block->row_bytes;
  CK_UNROLL for (int n = 0; n < N; n++) {
    x[n] = ck_row_of(block->x, block->first_x + (size_t)n);
    CK_UNROLL for (int r = 0; r < R; r++) {
      CK_UNROLL for (int i = 0; i < 4; i++) acc[r][n][i] = vdupq_n_f32(0);
      CK_UNROLL for (int i = 0; i < 2; i++) low[r][n][i] = vdupq_n_f32(0);
    }
  }
  // Two blocks of 32 or one of 256 in a round, so that each accumulator's index is a constant.
  const size_t in_round = groups == 1 ? 2 : 1;
  for (size_t b = 0; b < blocks; b += in_round) {
    CK_UNROLL for (int r = 0; r < R; r++) {
      float scales[16] = {0}, lowest[8] = {0};
      if (minima) {
        const float d = ck_half(w[r]), dmin = ck_half(w[r] + 2);
        uint64_t packed, m;
        ck_scales_minima(w[r] + 4, &packed, &m);
        CK_UNROLL for (int j = 0; j < 8; j++) {
          scales[2 * j] = scales[2 * j + 1] = d * (float)(packed >> 8 * j & 255);
          lowest[j] = dmin * (float)(m >> 8 * j & 255);
        }
        CK_UNROLL for (int n = 0; n < N; n++) {
          CK_UNROLL for (int i = 0; i < 2; i++) {
            low[r][n][i] = vfmaq_f32(
                low[r][n][i], vld1q_f32(lowest + 4 * i), vld1q_f32(x[n].sums + 8 * b + 4 * i));
          }
        }
      } else if (type == CK_Q6_K) {
        const float d = ck_half(w[r] + 208);
        CK_UNROLL for (int i = 0; i < 16; i++) scales[i] = d * (float)(int8_t)w[r][192 + i];
      }
      CK_UNROLL for (int j = 0; j < (groups == 1 ? 2 : 8); j++) {
        const uint8_t *p = w[r];
        if (groups == 1) {
          if (b + (size_t)j >= blocks) break;
          p += (size_t)j * ck_block_bytes(type);
          scales[2 * j] = scales[2 * j + 1] = ck_half(p);
        }
        const size_t g = b * (size_t)groups + (size_t)j;
        CK_UNROLL for (int half = 0; half < 2; half++) {
          const int8x16_t weights = ck_weights16(type, p, groups == 1 ? 0 : j, half);
          CK_UNROLL for (int n = 0; n < N; n++) {
            const int8x16_t a = vld1q_s8(x[n].quantized + 32 * g + 16 * half);
            float32x4_t *const lanes = &acc[r][n][2 * (j % 2) + half];
            *lanes = vfmaq_f32(
                *lanes, vcvtq_f32_s32(ck_dot16(weights, a)),
                vdupq_n_f32(scales[2 * j + half] * x[n].scales[g]));
          }
        }
      }
      w[r] += in_round * ck_block_bytes(type);
    }
  }
  CK_UNROLL for (int r = 0; r < R; r++) {
    CK_UNROLL for (int n = 0; n < N; n++) {
      float32x4_t a = vaddq_f32(acc[r][n][0], acc[r][n][2]);
      float32x4_t b = vaddq_f32(acc[r][n][1], acc[r][n][3]);
      if (minima) {
        a = vsubq_f32(a, low[r][n][0]);
        b = vsubq_f32(b, low[r][n][1]);
      }
      const float32x4_t c = vaddq_f32(a, b);
      const float32x2_t e = vadd_f32(vget_low_f32(c), vget_high_f32(c));
      ck_store(block, r, n, vget_lane_f32(e, 0) + vget_lane_f32(e, 1));
    }
  }
}

CK_TILED_LINEAR(ck_quantized_neon, , ck_neon_block, 4, 2, 1, 1, CK_QUANTIZED_TYPES)
#endif

#pragma STDC FP_CONTRACT OFF

#include "quantized_blocks.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define CK_IN CK_INLINE CK_AVX2_TARGET

// A register holds one group of 32. The sums of two products in 16 bits stay below 2^15: at most
// 2 * 128 * 127, because the sign of a Q8_0 weight goes to the activation.

/// Exact sums of four products each, of unsigned weights.
CK_IN __m256i ck_dot(__m256i weights, __m256i a) {
  return _mm256_madd_epi16(_mm256_maddubs_epi16(weights, a), _mm256_set1_epi16(1));
}

/// One group of Q8_0 (signed) or Q4_0 (unsigned).
CK_IN __m256i ck_group32(ck_type type, const uint8_t *p) {
  if (type == CK_Q8_0) return _mm256_loadu_si256((const __m256i *)(p + 2));
  const __m128i bytes = _mm_loadu_si128((const __m128i *)(p + 2));
  const __m256i both = _mm256_inserti128_si256(
      _mm256_castsi128_si256(bytes), _mm_srli_epi16(bytes, 4), 1);
  return _mm256_and_si256(both, _mm256_set1_epi8(15));
}

/// Group j of a K-quant block as unsigned bytes.
CK_IN __m256i ck_group256(ck_type type, const uint8_t *p, const int j) {
  const __m256i fifteen = _mm256_set1_epi8(15);
  if (type == CK_Q6_K) {
    const int n = j / 4, g = j % 4;
    const __m256i low = _mm256_loadu_si256((const __m256i *)(p + 64 * n + 32 * (g % 2)));
    const __m256i bits = _mm256_loadu_si256((const __m256i *)(p + 128 + 32 * n));
    const __m256i high = g == 0 ? _mm256_slli_epi16(bits, 4)
        : g == 1                ? _mm256_slli_epi16(bits, 2)
        : g == 2                ? bits
                                : _mm256_srli_epi16(bits, 2);
    return _mm256_or_si256(
        _mm256_and_si256(g < 2 ? low : _mm256_srli_epi16(low, 4), fifteen),
        _mm256_and_si256(high, _mm256_set1_epi8(0x30)));
  }
  const uint8_t *const nibbles = p + (type == CK_Q4_K ? 16 : 48) + 32 * (j / 2);
  const __m256i both = _mm256_loadu_si256((const __m256i *)nibbles);
  const __m256i low = _mm256_and_si256(j % 2 == 0 ? both : _mm256_srli_epi16(both, 4), fifteen);
  if (type == CK_Q4_K) return low;
  const __m256i bit = _mm256_set1_epi8((char)(1 << j));
  const __m256i bits = _mm256_loadu_si256((const __m256i *)(p + 16));
  const __m256i set = _mm256_cmpeq_epi8(_mm256_and_si256(bits, bit), bit);
  return _mm256_or_si256(low, _mm256_and_si256(set, _mm256_set1_epi8(16)));
}

/// The integer sums of one group, as floats.
CK_IN __m256 ck_sums(ck_type type, __m256i w, const ck_row *x, size_t g) {
  const __m256i a = _mm256_loadu_si256((const __m256i *)(x->quantized + 32 * g));
  if (type == CK_Q8_0) {
    return _mm256_cvtepi32_ps(ck_dot(_mm256_abs_epi8(w), _mm256_sign_epi8(a, w)));
  }
  __m256i sums = ck_dot(w, a);
  if (type == CK_Q4_0 || type == CK_Q6_K) {
    const __m256i offsets = _mm256_loadu_si256((const __m256i *)(x->offsets + 8 * g));
    sums = _mm256_add_epi32(
        sums, type == CK_Q4_0 ? offsets : _mm256_slli_epi32(offsets, 2));
  }
  return _mm256_cvtepi32_ps(sums);
}

/// One block of 32 of each row; `parity` is that of the group.
CK_IN void ck_block32(
    ck_type type, const int R, const int N, const uint8_t *const *w, const ck_row *x, size_t g,
    const int parity, __m256 (*acc)[4][2]) {
  CK_UNROLL for (int r = 0; r < R; r++) {
    uint16_t bits;
    memcpy(&bits, w[r], 2);
    const __m256 d = _mm256_cvtph_ps(_mm_set1_epi16((short)bits));
    const __m256i weights = ck_group32(type, w[r]);
    CK_UNROLL for (int n = 0; n < N; n++) {
      acc[r][n][parity] = _mm256_fmadd_ps(
          ck_sums(type, weights, &x[n], g),
          _mm256_mul_ps(d, _mm256_broadcast_ss(x[n].scales + g)), acc[r][n][parity]);
    }
  }
}

/// One block of 256 of each row.
CK_IN void ck_block256(
    ck_type type, const int R, const int N, const uint8_t *const *w, const ck_row *x, size_t g,
    __m256 (*acc)[4][2], __m256 (*low)[4]) {
  CK_UNROLL for (int r = 0; r < R; r++) {
    const uint8_t *const p = w[r];
    float scales[16];
    if (type == CK_Q6_K) {
      uint16_t bits;
      memcpy(&bits, p + 208, 2);
      const __m256 d = _mm256_set1_ps(_cvtsh_ss(bits));
      CK_UNROLL for (int h = 0; h < 2; h++) {
        const __m128i bytes = _mm_loadl_epi64((const __m128i *)(p + 192 + 8 * h));
        _mm256_storeu_ps(
            scales + 8 * h, _mm256_mul_ps(d, _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(bytes))));
      }
    } else {
      uint32_t bits;
      memcpy(&bits, p, 4);
      const __m128 d = _mm_cvtph_ps(_mm_cvtsi32_si128((int)bits));
      uint64_t packed, minima;
      ck_scales_minima(p + 4, &packed, &minima);
      _mm256_storeu_ps(scales, _mm256_mul_ps(
          _mm256_broadcastss_ps(d),
          _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_cvtsi64_si128((long long)packed)))));
      const __m256 m = _mm256_mul_ps(
          _mm256_broadcastss_ps(_mm_movehdup_ps(d)),
          _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_cvtsi64_si128((long long)minima))));
      CK_UNROLL for (int n = 0; n < N; n++) {
        low[r][n] = _mm256_fmadd_ps(m, _mm256_loadu_ps(x[n].sums + g), low[r][n]);
      }
    }
    CK_UNROLL for (int j = 0; j < 8; j++) {
      const __m256i weights = ck_group256(type, p, j);
      const __m256 scale = type == CK_Q6_K
          ? _mm256_set_m128(_mm_set1_ps(scales[2 * j + 1]), _mm_set1_ps(scales[2 * j]))
          : _mm256_set1_ps(scales[j]);
      CK_UNROLL for (int n = 0; n < N; n++) {
        acc[r][n][j % 2] = _mm256_fmadd_ps(
            ck_sums(type, weights, &x[n], g + (size_t)j),
            _mm256_mul_ps(scale, _mm256_broadcast_ss(x[n].scales + g + j)), acc[r][n][j % 2]);
      }
    }
  }
}

CK_IN float ck_tree(__m256 even, __m256 odd, __m256 low, bool minima) {
  __m256 a = _mm256_add_ps(even, odd);
  if (minima) a = _mm256_sub_ps(a, low);
  const __m128 b = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
  const __m128 c = _mm_add_ps(b, _mm_movehl_ps(b, b));
  return _mm_cvtss_f32(_mm_add_ss(c, _mm_movehdup_ps(c)));
}

CK_IN void ck_avx2_block(ck_type type, const int R, const int N, const ck_block *block) {
  const size_t bytes = ck_block_bytes(type), groups = block->x->columns / 32;
  const uint8_t *w[4];
  ck_row x[4];
  __m256 acc[4][4][2], low[4][4];
  CK_UNROLL for (int r = 0; r < R; r++) w[r] = block->weights + (size_t)r * block->row_bytes;
  CK_UNROLL for (int n = 0; n < N; n++) {
    x[n] = ck_row_of(block->x, block->first_x + (size_t)n);
    CK_UNROLL for (int r = 0; r < R; r++) {
      acc[r][n][0] = acc[r][n][1] = low[r][n] = _mm256_setzero_ps();
    }
  }
  if (type == CK_Q8_0 || type == CK_Q4_0) {
    size_t g = 0;
    for (; g + 2 <= groups; g += 2) {
      ck_block32(type, R, N, w, x, g, 0, acc);
      CK_UNROLL for (int r = 0; r < R; r++) w[r] += bytes;
      ck_block32(type, R, N, w, x, g + 1, 1, acc);
      CK_UNROLL for (int r = 0; r < R; r++) w[r] += bytes;
    }
    if (g < groups) ck_block32(type, R, N, w, x, g, 0, acc);
  } else {
    for (size_t g = 0; g < groups; g += 8) {
      ck_block256(type, R, N, w, x, g, acc, low);
      CK_UNROLL for (int r = 0; r < R; r++) w[r] += bytes;
    }
  }
  const bool minima = type == CK_Q4_K || type == CK_Q5_K;
  CK_UNROLL for (int r = 0; r < R; r++) {
    CK_UNROLL for (int n = 0; n < N; n++) {
      ck_store(block, r, n, ck_tree(acc[r][n][0], acc[r][n][1], low[r][n], minima));
    }
  }
}

CK_TILED_LINEAR(ck_quantized_avx2, CK_AVX2_TARGET, ck_avx2_block, 4, 2, 1, 1, CK_QUANTIZED_TYPES)
#endif

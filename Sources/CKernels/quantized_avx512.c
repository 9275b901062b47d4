#pragma STDC FP_CONTRACT OFF

#include "quantized_blocks.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define CK_IN CK_INLINE CK_AVX512_TARGET

// A register holds two groups of 32: the even one in the lower half. The weights are unsigned; what
// was added to make them so is taken off again by the offsets, where the sum starts.

/// Two groups of 32 weights as unsigned bytes from two neighbouring blocks of Q8_0 or Q4_0.
CK_IN __m512i ck_pair32(ck_type type, const uint8_t *p) {
  if (type == CK_Q8_0) {
    const __m256i low = _mm256_loadu_si256((const __m256i *)(p + 2));
    const __m256i high = _mm256_loadu_si256((const __m256i *)(p + 36));
    const __m512i both = _mm512_inserti64x4(_mm512_castsi256_si512(low), high, 1);
    return _mm512_xor_si512(both, _mm512_set1_epi8((char)0x80));
  }
  const __m128i low = _mm_loadu_si128((const __m128i *)(p + 2));
  const __m128i high = _mm_loadu_si128((const __m128i *)(p + 20));
  const __m256i both = _mm256_inserti128_si256(_mm256_castsi128_si256(low), high, 1);
  const __m512i twice = _mm512_permutexvar_epi64(
      _mm512_setr_epi64(0, 1, 0, 1, 2, 3, 2, 3), _mm512_castsi256_si512(both));
  const __m512i nibbles = _mm512_srlv_epi64(twice, _mm512_setr_epi64(0, 0, 4, 4, 0, 0, 4, 4));
  return _mm512_and_si512(nibbles, _mm512_set1_epi8(15));
}

CK_IN __m512i ck_start(ck_type type, const int32_t *offsets) {
  const __m512i o = _mm512_loadu_si512(offsets);
  if (type == CK_Q8_0) return _mm512_slli_epi32(o, 4);
  if (type == CK_Q6_K) return _mm512_slli_epi32(o, 2);
  if (type == CK_Q4_0) return o;
  return _mm512_setzero_si512();
}

/// The four bytes at a block's start: its scale and two bytes of weights.
CK_IN __m128i ck_head(const uint8_t *p) {
  uint32_t bits;
  memcpy(&bits, p, 4);
  return _mm_cvtsi32_si128((int)bits);
}

/// Four blocks of Q8_0 or Q4_0 of each row.
CK_IN void ck_four_blocks(
    ck_type type, const int R, const int N, const uint8_t *const *w, const ck_row *x, size_t g,
    __m512 (*acc)[4]) {
  const size_t bytes = ck_block_bytes(type);
  const __m512i lanes = _mm512_setr_epi32(0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1);
  CK_UNROLL for (int r = 0; r < R; r++) {
    const uint8_t *const p = w[r];
    const __m128i heads = _mm_unpacklo_epi32(
        _mm_unpacklo_epi16(ck_head(p), ck_head(p + bytes)),
        _mm_unpacklo_epi16(ck_head(p + 2 * bytes), ck_head(p + 3 * bytes)));
    const __m128 d = _mm_cvtph_ps(heads);
    const __m512i w0 = ck_pair32(type, p), w1 = ck_pair32(type, p + 2 * bytes);
    CK_UNROLL for (int n = 0; n < N; n++) {
      const __m512 s =
          _mm512_castps128_ps512(_mm_mul_ps(d, _mm_loadu_ps(x[n].scales + g)));
      const __m512i i0 = _mm512_dpbusd_epi32(
          ck_start(type, x[n].offsets + 8 * g), w0, _mm512_loadu_si512(x[n].quantized + 32 * g));
      const __m512i i1 = _mm512_dpbusd_epi32(
          ck_start(type, x[n].offsets + 8 * g + 16), w1,
          _mm512_loadu_si512(x[n].quantized + 32 * g + 64));
      acc[r][n] = _mm512_fmadd_ps(
          _mm512_cvtepi32_ps(i0), _mm512_permutexvar_ps(lanes, s), acc[r][n]);
      acc[r][n] = _mm512_fmadd_ps(
          _mm512_cvtepi32_ps(i1),
          _mm512_permutexvar_ps(_mm512_add_epi32(lanes, _mm512_set1_epi32(2)), s), acc[r][n]);
    }
  }
}

/// The groups 2 pair and 2 pair + 1 of a K-quant block as unsigned bytes.
CK_IN __m512i ck_pair256(ck_type type, const uint8_t *p, const int pair) {
  const __mmask32 upper = 0xffff0000;
  if (type == CK_Q6_K) {
    const int half = pair / 2;
    const __m512i both = _mm512_loadu_si512(p + 64 * half);
    const __m512i low = pair % 2 == 0 ? both : _mm512_srli_epi16(both, 4);
    const __m512i bits =
        _mm512_broadcast_i64x4(_mm256_loadu_si256((const __m256i *)(p + 128 + 32 * half)));
    const __m512i high = pair % 2 == 0
        ? _mm512_mask_slli_epi16(_mm512_slli_epi16(bits, 4), upper, bits, 2)
        : _mm512_mask_srli_epi16(bits, upper, bits, 2);
    return _mm512_or_si512(
        _mm512_and_si512(low, _mm512_set1_epi8(0x0f)),
        _mm512_and_si512(high, _mm512_set1_epi8(0x30)));
  }
  const uint8_t *const nibbles = p + (type == CK_Q4_K ? 16 : 48) + 32 * pair;
  const __m512i both = _mm512_broadcast_i64x4(_mm256_loadu_si256((const __m256i *)nibbles));
  const __m512i low =
      _mm512_and_si512(_mm512_mask_srli_epi16(both, upper, both, 4), _mm512_set1_epi8(15));
  if (type == CK_Q4_K) return low;
  const __m512i bits = _mm512_broadcast_i64x4(_mm256_loadu_si256((const __m256i *)(p + 16)));
  const __m512i wanted = _mm512_inserti64x4(
      _mm512_set1_epi8((char)(1 << 2 * pair)), _mm256_set1_epi8((char)(2 << 2 * pair)), 1);
  return _mm512_mask_add_epi8(
      low, _mm512_test_epi8_mask(bits, wanted), low, _mm512_set1_epi8(16));
}

/// One block of 256 of each row.
CK_IN void ck_block256(
    ck_type type, const int R, const int N, const uint8_t *const *w, const ck_row *x, size_t g,
    __m512 (*acc)[4], __m256 (*low)[4]) {
  const __m512i halves = _mm512_setr_epi32(0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1);
  const __m512i quarters = _mm512_setr_epi32(0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3);
  const __m512i twice = _mm512_setr_epi32(0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7);
  CK_UNROLL for (int r = 0; r < R; r++) {
    const uint8_t *const p = w[r];
    __m512 scales, s[4];
    if (type == CK_Q6_K) {
      uint16_t d;
      memcpy(&d, p + 208, 2);
      const __m128i bytes = _mm_loadu_si128((const __m128i *)(p + 192));
      scales = _mm512_mul_ps(
          _mm512_set1_ps(_cvtsh_ss(d)), _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(bytes)));
    } else {
      const __m128 d = _mm_cvtph_ps(ck_head(p));
      uint64_t packed, minima;
      ck_scales_minima(p + 4, &packed, &minima);
      scales = _mm512_castps256_ps512(_mm256_mul_ps(
          _mm256_broadcastss_ps(d),
          _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_cvtsi64_si128((long long)packed)))));
      const __m256 m = _mm256_mul_ps(
          _mm256_broadcastss_ps(_mm_movehdup_ps(d)),
          _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_cvtsi64_si128((long long)minima))));
      CK_UNROLL for (int n = 0; n < N; n++) {
        low[r][n] = _mm256_fmadd_ps(m, _mm256_loadu_ps(x[n].sums + g), low[r][n]);
      }
    }
    CK_UNROLL for (int n = 0; n < N; n++) {
      const __m512 da = _mm512_castps256_ps512(_mm256_loadu_ps(x[n].scales + g));
      s[n] = type == CK_Q6_K
          ? _mm512_mul_ps(scales, _mm512_permutexvar_ps(twice, da))
          : _mm512_castps256_ps512(
                _mm256_mul_ps(_mm512_castps512_ps256(scales), _mm512_castps512_ps256(da)));
    }
    CK_UNROLL for (int pair = 0; pair < 4; pair++) {
      const __m512i weights = ck_pair256(type, p, pair);
      const __m512i lanes = type == CK_Q6_K
          ? _mm512_add_epi32(quarters, _mm512_set1_epi32(4 * pair))
          : _mm512_add_epi32(halves, _mm512_set1_epi32(2 * pair));
      CK_UNROLL for (int n = 0; n < N; n++) {
        const size_t at = g + 2 * (size_t)pair;
        const __m512i i = _mm512_dpbusd_epi32(
            ck_start(type, x[n].offsets + 8 * at), weights,
            _mm512_loadu_si512(x[n].quantized + 32 * at));
        acc[r][n] = _mm512_fmadd_ps(
            _mm512_cvtepi32_ps(i), _mm512_permutexvar_ps(lanes, s[n]), acc[r][n]);
      }
    }
  }
}

CK_IN float ck_tree(__m512 acc, __m256 low, bool minima) {
  __m256 a = _mm256_add_ps(_mm512_castps512_ps256(acc), _mm512_extractf32x8_ps(acc, 1));
  if (minima) a = _mm256_sub_ps(a, low);
  const __m128 b = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
  const __m128 c = _mm_add_ps(b, _mm_movehl_ps(b, b));
  return _mm_cvtss_f32(_mm_add_ss(c, _mm_movehdup_ps(c)));
}

CK_IN void ck_avx512_block(ck_type type, const int R, const int N, const ck_block *block) {
  const bool small = type == CK_Q8_0 || type == CK_Q4_0;
  const size_t bytes = ck_block_bytes(type);
  const uint8_t *w[4];
  ck_row x[4];
  __m512 acc[4][4];
  __m256 low[4][4];
  CK_UNROLL for (int r = 0; r < R; r++) w[r] = block->weights + (size_t)r * block->row_bytes;
  CK_UNROLL for (int n = 0; n < N; n++) {
    x[n] = ck_row_of(block->x, block->first_x + (size_t)n);
    CK_UNROLL for (int r = 0; r < R; r++) {
      acc[r][n] = _mm512_setzero_ps();
      low[r][n] = _mm256_setzero_ps();
    }
  }
  if (small) {
    const size_t blocks = block->x->columns / 32, rest = blocks % 4;
    size_t g = 0;
    for (; g + 4 <= blocks; g += 4) {
      ck_four_blocks(type, R, N, w, x, g, acc);
      CK_UNROLL for (int r = 0; r < R; r++) w[r] += 4 * bytes;
    }
    if (rest > 0) {
      // Blocks of zeros add +0 to lanes that are never -0.
      uint8_t end[4][4 * 34];
      CK_UNROLL for (int r = 0; r < R; r++) {
        memset(end[r], 0, sizeof end[r]);
        memcpy(end[r], w[r], rest * bytes);
        w[r] = end[r];
      }
      ck_four_blocks(type, R, N, w, x, g, acc);
    }
  } else {
    for (size_t g = 0; g < block->x->columns / 32; g += 8) {
      ck_block256(type, R, N, w, x, g, acc, low);
      CK_UNROLL for (int r = 0; r < R; r++) w[r] += bytes;
    }
  }
  const bool minima = type == CK_Q4_K || type == CK_Q5_K;
  CK_UNROLL for (int r = 0; r < R; r++) {
    CK_UNROLL for (int n = 0; n < N; n++) {
      ck_store(block, r, n, ck_tree(acc[r][n], low[r][n], minima));
    }
  }
}

CK_TILED_LINEAR(
    ck_quantized_avx512, CK_AVX512_TARGET, ck_avx512_block, 4, 2, 2, 2, CK_QUANTIZED_TYPES)
#endif

#pragma STDC FP_CONTRACT OFF

#include "tiling.h"

/// Halves to floats with integer operations, for processors without the conversion.
CK_INLINE v16 ck_half16(const uint8_t *p) {
  v16h h;
  memcpy(&h, p, 32);
  const v16u bits = __builtin_convertvector(h, v16u);
  const v16u magnitude = (bits & 0x7fff) << 13;
  // The exponent is moved by a product with 2^112, which is exact for subnormal halves too.
  const v16u number = (v16u)((v16)magnitude * 0x1p112f);
  const v16u special = magnitude | 0x7f800000;
  const v16u is_special = (v16u)(magnitude >= (0x7c00u << 13));
  return (v16)(((special & is_special) | (number & ~is_special)) | (bits & 0x8000) << 16);
}

#define CK_TARGET
#define CK_NAME(x) x##_portable
#define CK_HALF(p) ck_half16(p)
#define CK_R1 2
#define CK_R2 1
#define CK_R3 1
#define CK_R4 1
#include "float_template.h"
#undef CK_TARGET
#undef CK_NAME
#undef CK_HALF
#undef CK_R1
#undef CK_R2
#undef CK_R3
#undef CK_R4

#if defined(__x86_64__)
#include <immintrin.h>

CK_INLINE CK_AVX2_TARGET v16 ck_half16_avx2(const uint8_t *p) {
  const v8 low = (v8)_mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)p));
  const v8 high = (v8)_mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(p + 16)));
  return __builtin_shufflevector(low, high, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
}

#define CK_TARGET CK_AVX2_TARGET
#define CK_NAME(x) x##_avx2
#define CK_HALF(p) ck_half16_avx2(p)
#define CK_R1 2
#define CK_R2 1
#define CK_R3 1
#define CK_R4 1
#include "float_template.h"
#undef CK_TARGET
#undef CK_NAME
#undef CK_HALF
#undef CK_R1
#undef CK_R2
#undef CK_R3
#undef CK_R4

CK_INLINE CK_AVX512_TARGET v16 ck_half16_avx512(const uint8_t *p) {
  return (v16)_mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)p));
}

#define CK_TARGET CK_AVX512_TARGET
#define CK_NAME(x) x##_avx512
#define CK_HALF(p) ck_half16_avx512(p)
#define CK_R1 4
#define CK_R2 4
#define CK_R3 3
#define CK_R4 2
#include "float_template.h"
#endif

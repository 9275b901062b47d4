#ifndef CK_BACKENDS_H
#define CK_BACKENDS_H

#include "include/CKernels.h"

// The functions behind the dispatch, by instruction set.

#define CK_AVX2_TARGET __attribute__((target("avx2,fma,f16c")))
#define CK_AVX512_TARGET \
  __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx2,fma,f16c")))

typedef void ck_linear_function(
    ck_type type, const uint8_t *weights, size_t row_bytes, size_t rows, const ck_activations *x,
    const float *bias, float *y, size_t stride);
typedef void ck_fill_function(const ck_activations *x, size_t first, size_t end);

ck_linear_function ck_float_portable, ck_quantized_portable;
ck_fill_function ck_fill_portable;
#if defined(__x86_64__)
ck_linear_function ck_float_avx2, ck_quantized_avx2, ck_float_avx512, ck_quantized_avx512;
ck_fill_function ck_fill_avx2, ck_fill_avx512;
#endif
#if defined(__aarch64__)
ck_linear_function ck_quantized_neon;
#endif

#endif

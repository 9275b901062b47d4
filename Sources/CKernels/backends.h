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

/// The functions of vector_template.h for one instruction set.
typedef struct ck_vector_functions {
  void (*map)(ck_function function, float *x, const float *y, size_t count, float parameter);
  void (*snake)(float *x, const float *alpha, size_t rows, size_t columns);
  void (*softmax)(float *x, size_t rows, size_t columns, size_t valid);
  void (*rms_norm)(float *x, const float *weight, size_t rows, size_t columns, float epsilon);
  void (*layer_norm)(
      float *x, const float *weight, const float *bias, size_t rows, size_t columns,
      float epsilon);
  void (*scan)(const ck_scan *scan, size_t first, size_t end);
  void (*attend)(const ck_attention *attention);
} ck_vector_functions;

extern const ck_vector_functions ck_vector_portable, ck_vector_avx2, ck_vector_avx512;

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

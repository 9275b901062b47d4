#include "backends.h"

bool ck_supported(ck_backend backend) {
  switch (backend) {
    case CK_PORTABLE: return true;
#if defined(__x86_64__)
    // The compiler's run time asks cpuid, and XGETBV for what the system saves.
    case CK_AVX2:
      return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
             __builtin_cpu_supports("f16c");
    case CK_AVX512:
      return ck_supported(CK_AVX2) && __builtin_cpu_supports("avx512f") &&
             __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
             __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vnni");
#endif
#if defined(__aarch64__)
    case CK_NEON: return true;
#endif
    default: return false;
  }
}

size_t ck_activations_bytes(size_t rows, size_t columns) {
  const size_t groups = (columns + 127) / 128 * 4;
  return (rows * groups * (32 + 4 + 32 + 4) + 63) / 64 * 64;
}

ck_activations ck_activations_layout(
    const float *values, size_t rows, size_t columns, void *memory) {
  const size_t groups = (columns + 127) / 128 * 4;
  int8_t *const quantized = memory;
  int32_t *const offsets = (int32_t *)(quantized + 32 * rows * groups);
  float *const scales = (float *)(offsets + 8 * rows * groups);
  return (ck_activations){
      .rows = rows, .columns = columns, .values = values, .groups = groups,
      .quantized = quantized, .scales = scales, .offsets = offsets,
      .sums = scales + rows * groups};
}

void ck_activations_fill(
    ck_backend backend, const ck_activations *x, size_t first, size_t end) {
  switch (backend) {
#if defined(__x86_64__)
    case CK_AVX2: ck_fill_avx2(x, first, end); break;
    case CK_AVX512: ck_fill_avx512(x, first, end); break;
#endif
    default: ck_fill_portable(x, first, end);
  }
}

void ck_linear(
    ck_backend backend, ck_type type, const void *weights, size_t row_bytes, size_t first,
    size_t end, const ck_activations *x, const float *bias, float *y, size_t stride) {
  const bool plain = type <= CK_BF16;
  ck_linear_function *function = plain ? ck_float_portable : ck_quantized_portable;
  switch (backend) {
#if defined(__x86_64__)
    case CK_AVX2: function = plain ? ck_float_avx2 : ck_quantized_avx2; break;
    case CK_AVX512: function = plain ? ck_float_avx512 : ck_quantized_avx512; break;
#endif
#if defined(__aarch64__)
    // On aarch64 the portable float kernels compile to NEON: it is the base instruction set.
    case CK_NEON: function = plain ? ck_float_portable : ck_quantized_neon; break;
#endif
    default: break;
  }
  function(
      type, (const uint8_t *)weights + first * row_bytes, row_bytes, end - first, x,
      bias ? bias + first : NULL, y + first, stride);
}

static const ck_vector_functions *ck_vector(ck_backend backend) {
  switch (backend) {
#if defined(__x86_64__)
    case CK_AVX2: return &ck_vector_avx2;
    case CK_AVX512: return &ck_vector_avx512;
#endif
    default: return &ck_vector_portable;
  }
}

void ck_map(
    ck_backend backend, ck_function function, float *x, const float *y, size_t count,
    float parameter) {
  ck_vector(backend)->map(function, x, y, count, parameter);
}

void ck_snake(ck_backend backend, float *x, const float *alpha, size_t rows, size_t columns) {
  ck_vector(backend)->snake(x, alpha, rows, columns);
}

void ck_softmax(ck_backend backend, float *x, size_t rows, size_t columns, size_t valid) {
  ck_vector(backend)->softmax(x, rows, columns, valid);
}

void ck_rms_norm(
    ck_backend backend, float *x, const float *weight, size_t rows, size_t columns,
    float epsilon) {
  ck_vector(backend)->rms_norm(x, weight, rows, columns, epsilon);
}

void ck_layer_norm(
    ck_backend backend, float *x, const float *weight, const float *bias, size_t rows,
    size_t columns, float epsilon) {
  ck_vector(backend)->layer_norm(x, weight, bias, rows, columns, epsilon);
}

void ck_selective_scan(ck_backend backend, const ck_scan *scan, size_t first, size_t end) {
  ck_vector(backend)->scan(scan, first, end);
}

void ck_attend(ck_backend backend, const ck_attention *attention) {
  ck_vector(backend)->attend(attention);
}

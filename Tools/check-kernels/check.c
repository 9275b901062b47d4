// Every path of the C kernels that this processor has, against the portable one, bit for bit; and a
// checksum of all results, which must be the same on every kind of processor.

#include "CKernels.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t state = 1;
static uint64_t checksum = 0xcbf29ce484222325u;
static int failures = 0;

static uint64_t next(void) {  // SplitMix64
  uint64_t z = state += 0x9e3779b97f4a7c15u;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
  z = (z ^ z >> 27) * 0x94d049bb133111ebu;
  return z ^ z >> 31;
}

static float number(void) { return (float)(int64_t)(next() >> 40) / 8388608.0f - 1; }

static float *numbers(size_t count, float scale) {
  float *values = malloc(count * sizeof *values);
  for (size_t i = 0; i < count; i++) values[i] = number() * scale;
  return values;
}

static void compare(
    const char *what, size_t a, size_t b, const float *expected, const float *found, size_t count) {
  const unsigned char *bytes = (const unsigned char *)expected;
  for (size_t i = 0; i < count * sizeof(float); i++) checksum = (checksum ^ bytes[i]) * 0x100000001b3u;
  if (memcmp(expected, found, count * sizeof(float)) == 0) return;
  size_t first = 0;
  while (memcmp(expected + first, found + first, sizeof(float)) == 0) first++;
  printf("%s %zu %zu: number %zu is %.9g, expected %.9g\n", what, a, b, first, found[first],
         expected[first]);
  failures++;
}

static const struct {
  const char *name;
  ck_type type;
  size_t elements, bytes, scale, minimum;
} formats[] = {
    {"F32", CK_F32, 1, 4, 0, 0},           {"F16", CK_F16, 1, 2, 0, 0},
    {"BF16", CK_BF16, 1, 2, 0, 0},         {"Q8_0", CK_Q8_0, 32, 34, 0, 0},
    {"Q4_0", CK_Q4_0, 32, 18, 0, 0},       {"Q4_K", CK_Q4_K, 256, 144, 0, 2},
    {"Q5_K", CK_Q5_K, 256, 176, 0, 2},     {"Q6_K", CK_Q6_K, 256, 210, 208, 0},
};

static void check_linear(ck_backend backend, int format, size_t outputs, size_t columns, size_t rows) {
  const size_t row_bytes = columns / formats[format].elements * formats[format].bytes;
  unsigned char *weights = malloc(outputs * row_bytes);
  for (size_t i = 0; i < outputs * row_bytes; i++) weights[i] = (unsigned char)(next() >> 56);
  if (formats[format].elements == 1) {
    for (size_t i = 0; i < outputs * columns; i++) {
      const float value = number();
      uint32_t bits;
      memcpy(&bits, &value, 4);
      const uint16_t upper = (uint16_t)(bits >> 16);
      const uint16_t half = (uint16_t)(0x3800u | (next() & 0x83ff));
      if (format == 0) memcpy(weights + 4 * i, &value, 4);
      if (format == 1) memcpy(weights + 2 * i, &half, 2);
      if (format == 2) memcpy(weights + 2 * i, &upper, 2);
    }
  } else {
    for (size_t at = 0; at < outputs * row_bytes; at += formats[format].bytes) {
      const uint16_t scale = (uint16_t)(0x2000u | (next() & 0x83ff));
      memcpy(weights + at + formats[format].scale, &scale, 2);
      if (formats[format].minimum) memcpy(weights + at + formats[format].minimum, &scale, 2);
    }
  }
  float *x = numbers(rows * columns, 2), *bias = numbers(outputs, 1);
  float *y[2] = {calloc(rows * outputs, 4), calloc(rows * outputs, 4)};
  const ck_backend backends[2] = {CK_PORTABLE, backend};
  for (int k = 0; k < 2; k++) {
    void *memory = aligned_alloc(64, ck_activations_bytes(rows, columns));
    const ck_activations activations = ck_activations_layout(x, rows, columns, memory);
    if (formats[format].elements > 1) ck_activations_fill(backends[k], &activations, 0, rows);
    ck_linear(backends[k], formats[format].type, weights, row_bytes, 0, outputs, &activations, bias,
              y[k], outputs);
    free(memory);
  }
  compare(formats[format].name, columns, rows, y[0], y[1], rows * outputs);
  free(weights), free(x), free(bias), free(y[0]), free(y[1]);
}

static void check_functions(ck_backend backend) {
  const size_t count = 4099;
  for (int function = CK_EXP; function <= CK_GATE; function++) {
    float *x = numbers(count, 30), *y = numbers(count, 3), *z = malloc(count * 4);
    memcpy(z, x, count * 4);
    ck_map(CK_PORTABLE, (ck_function)function, x, y, count, 0.1f);
    ck_map(backend, (ck_function)function, z, y, count, 0.1f);
    compare("function", (size_t)function, count, x, z, count);
    free(x), free(y), free(z);
  }
  for (size_t columns = 1; columns < 70; columns += 17) {
    float *weight = numbers(columns, 1), *bias = numbers(columns, 1);
    for (int kind = 0; kind < 4; kind++) {
      float *x = numbers(5 * columns, 4), *z = malloc(5 * columns * 4);
      memcpy(z, x, 5 * columns * 4);
      for (int k = 0; k < 2; k++) {
        const ck_backend b = k ? backend : CK_PORTABLE;
        float *target = k ? z : x;
        if (kind == 0) ck_softmax(b, target, 5, columns, columns);
        if (kind == 1) ck_rms_norm(b, target, weight, 5, columns, 1e-5f);
        if (kind == 2) ck_layer_norm(b, target, weight, bias, 5, columns, 1e-5f);
        if (kind == 3) ck_snake(b, target, bias, 5, columns);
      }
      compare("rows", (size_t)kind, columns, x, z, 5 * columns);
      free(x), free(z);
    }
    free(weight), free(bias);
  }
}

static void check_sequence(ck_backend backend, size_t states, size_t head_columns) {
  const size_t steps = 3, channels = 37;
  float *x = numbers(steps * channels, 1), *delta = numbers(steps * channels, 1);
  float *a = numbers(channels * states, 1), *b = numbers(steps * states, 1);
  float *c = numbers(steps * states, 1), *d = numbers(channels, 1);
  for (size_t i = 0; i < steps * channels; i++) delta[i] = delta[i] * delta[i];
  for (size_t i = 0; i < channels * states; i++) a[i] = -a[i] * a[i];
  float *carried = numbers(channels * states, 1), *other = malloc(channels * states * 4);
  memcpy(other, carried, channels * states * 4);
  float *y = calloc(steps * channels, 4), *z = calloc(steps * channels, 4);
  const ck_scan one = {steps, channels, states, x, delta, a, b, c, d, carried, y};
  ck_scan two = one;
  two.state = other, two.y = z;
  ck_selective_scan(CK_PORTABLE, &one, 0, channels);
  ck_selective_scan(backend, &two, 0, channels);
  compare("scan", states, channels, y, z, steps * channels);
  compare("scan state", states, channels, carried, other, channels * states);
  free(x), free(delta), free(a), free(b), free(c), free(d), free(carried), free(other), free(y), free(z);

  for (size_t positions = 1; positions < 40; positions += 6) {
    const size_t heads = 3, stride = 2 * head_columns;
    float *q = numbers(heads * head_columns, 1), *keys = numbers(positions * stride, 1);
    float *values = numbers(positions * stride, 1), *scores = malloc(heads * positions * 4);
    float *p = calloc(heads * head_columns, 4), *r = calloc(heads * head_columns, 4);
    ck_attention attention = {heads, head_columns, positions, stride, stride, q, keys, values,
                              0.3f, scores, p};
    ck_attend(CK_PORTABLE, &attention);
    attention.y = r;
    ck_attend(backend, &attention);
    compare("attention", positions, head_columns, p, r, heads * head_columns);
    free(q), free(keys), free(values), free(scores), free(p), free(r);
  }
}

int main(void) {
  const char *names[] = {"portable", "avx2", "avx512", "neon"};
  uint64_t all = 0;
  for (int backend = CK_NEON; backend >= CK_PORTABLE; backend--) {
    if (!ck_supported((ck_backend)backend)) continue;
    state = 1, checksum = 0xcbf29ce484222325u;
    for (int format = 0; format < 8; format++) {
      const size_t step = formats[format].elements;
      for (size_t rows = 1; rows <= 9; rows++) {
        check_linear((ck_backend)backend, format, 13, step == 1 ? 77 : 3 * step, rows);
        check_linear((ck_backend)backend, format, 3, step, rows);
      }
      check_linear((ck_backend)backend, format, 33, 1024, 2);
    }
    check_functions((ck_backend)backend);
    check_sequence((ck_backend)backend, 16, 64);
    check_sequence((ck_backend)backend, 5, 24);
    printf("%s: checksum %016llx\n", names[backend], (unsigned long long)checksum);
    all = checksum;
  }
  printf("%d failures, checksum %016llx\n", failures, (unsigned long long)all);
  return failures != 0;
}

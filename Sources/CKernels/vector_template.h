// Elementwise functions, norms, the selective scan and attention for one instruction set, on
// functions_template.h. Sums over a row go to 16 lanes, element i to lane i % 16, a tail filled with
// zeros; then lanes l and l + 8 are added, l + 4, l + 2, l + 1.

CK_FN v16 CK_NAME(ck_load)(const float *p) {
  v16 v;
  memcpy(&v, p, 64);
  return v;
}

/// The first `count` numbers, at most 16, then zeros.
CK_FN v16 CK_NAME(ck_load_part)(const float *p, size_t count) {
  if (count >= 16) return CK_NAME(ck_load)(p);
  float part[16] = {0};
  memcpy(part, p, 4 * count);
  return CK_NAME(ck_load)(part);
}

CK_FN void CK_NAME(ck_store_part)(float *p, v16 v, size_t count) {
  if (count >= 16) {
    memcpy(p, &v, 64);
  } else {
    memcpy(p, &v, 4 * count);
  }
}

/// The first `count` lanes, zeros in the others.
CK_FN v16 CK_NAME(ck_keep)(v16 v, size_t count) {
  if (count >= 16) return v;
  const v16i lanes = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  return CK_NAME(ck_select)(lanes < (int32_t)count, v, (v16){0});
}

/// The lanes' sum by the tree; ck_fold does its first half.
CK_FN v4 CK_NAME(ck_fold)(v16 a) {
  const v8 b = __builtin_shufflevector(a, a, 0, 1, 2, 3, 4, 5, 6, 7) +
               __builtin_shufflevector(a, a, 8, 9, 10, 11, 12, 13, 14, 15);
  return __builtin_shufflevector(b, b, 0, 1, 2, 3) + __builtin_shufflevector(b, b, 4, 5, 6, 7);
}

CK_FN float CK_NAME(ck_sum)(v16 a) {
  const v4 c = CK_NAME(ck_fold)(a);
  return (c[0] + c[2]) + (c[1] + c[3]);
}

#define CK_CASE(f)                                                                            \
  case f:                                                                                     \
    for (size_t i = 0; i < count; i += 16) {                                                  \
      const size_t left = count - i;                                                          \
      const v16 b = f >= CK_ADD ? CK_NAME(ck_load_part)(y + i, left) : (v16){0};              \
      const v16 a = CK_NAME(ck_load_part)(x + i, left);                                       \
      CK_NAME(ck_store_part)(x + i, CK_NAME(ck_apply)(f, a, b, parameter), left);             \
    }                                                                                         \
    break;

static CK_TARGET void CK_NAME(ck_map)(
    ck_function function, float *x, const float *y, size_t count, float parameter) {
  switch (function) {
    CK_CASE(CK_EXP)
    CK_CASE(CK_SIGMOID)
    CK_CASE(CK_SILU)
    CK_CASE(CK_SOFTPLUS)
    CK_CASE(CK_TANH)
    CK_CASE(CK_MISH)
    CK_CASE(CK_GELU)
    CK_CASE(CK_ELU)
    CK_CASE(CK_LEAKY_RELU)
    CK_CASE(CK_RELU)
    CK_CASE(CK_SIN)
    CK_CASE(CK_COS)
    CK_CASE(CK_SCALE)
    CK_CASE(CK_ADD)
    CK_CASE(CK_MULTIPLY)
    CK_CASE(CK_GATE)
  }
}

static CK_TARGET void CK_NAME(ck_snake)(
    float *x, const float *alpha, size_t rows, size_t columns) {
  for (size_t r = 0; r < rows; r++, x += columns) {
    for (size_t i = 0; i < columns; i += 16) {
      const v16 v = CK_NAME(ck_load_part)(x + i, columns - i);
      const v16 a = CK_NAME(ck_load_part)(alpha + i, columns - i);
      const v16 s = CK_NAME(ck_sine)(a * v, 0);
      CK_NAME(ck_store_part)(x + i, v + s * s / (a + 1e-9f), columns - i);
    }
  }
}

CK_FN float CK_NAME(ck_largest)(const float *x, size_t count) {
  v16 top = CK_NAME(ck_all)(-__builtin_inff());
  size_t i = 0;
  for (; i + 16 <= count; i += 16) {
    const v16 v = CK_NAME(ck_load)(x + i);
    top = CK_NAME(ck_select)(v > top, v, top);
  }
  float largest = -__builtin_inff();
  for (int l = 0; l < 16; l++) largest = top[l] > largest ? top[l] : largest;
  for (; i < count; i++) largest = x[i] > largest ? x[i] : largest;
  return largest;
}

/// Softmax of one row.
CK_FN void CK_NAME(ck_softmax_row)(float *x, size_t count) {
  const float largest = CK_NAME(ck_largest)(x, count);
  v16 sum = {0};
  for (size_t i = 0; i < count; i += 16) {
    const v16 e = CK_NAME(ck_exp)(CK_NAME(ck_load_part)(x + i, count - i) - largest);
    sum += CK_NAME(ck_keep)(e, count - i);
    CK_NAME(ck_store_part)(x + i, e, count - i);
  }
  const float total = CK_NAME(ck_sum)(sum);
  for (size_t i = 0; i < count; i += 16) {
    CK_NAME(ck_store_part)(
        x + i, CK_NAME(ck_load_part)(x + i, count - i) / total, count - i);
  }
}

static CK_TARGET void CK_NAME(ck_softmax)(float *x, size_t rows, size_t columns, size_t valid) {
  for (size_t r = 0; r < rows; r++, x += columns) {
    CK_NAME(ck_softmax_row)(x, valid);
    memset(x + valid, 0, 4 * (columns - valid));
  }
}

static CK_TARGET void CK_NAME(ck_rms_norm)(
    float *x, const float *weight, size_t rows, size_t columns, float epsilon) {
  for (size_t r = 0; r < rows; r++, x += columns) {
    v16 squares = {0};
    for (size_t i = 0; i < columns; i += 16) {
      const v16 v = CK_NAME(ck_load_part)(x + i, columns - i);
      squares = CK_FMA(v, v, squares);
    }
    const float mean = CK_NAME(ck_sum)(squares) / (float)columns;
    const float scale = 1.0f / __builtin_sqrtf(mean + epsilon);
    for (size_t i = 0; i < columns; i += 16) {
      const v16 v = CK_NAME(ck_load_part)(x + i, columns - i) * scale;
      const v16 w = CK_NAME(ck_load_part)(weight + i, columns - i);
      CK_NAME(ck_store_part)(x + i, v * w, columns - i);
    }
  }
}

static CK_TARGET void CK_NAME(ck_layer_norm)(
    float *x, const float *weight, const float *bias, size_t rows, size_t columns,
    float epsilon) {
  for (size_t r = 0; r < rows; r++, x += columns) {
    v16 sum = {0}, squares = {0};
    for (size_t i = 0; i < columns; i += 16) sum += CK_NAME(ck_load_part)(x + i, columns - i);
    const float mean = CK_NAME(ck_sum)(sum) / (float)columns;
    for (size_t i = 0; i < columns; i += 16) {
      const v16 v =
          CK_NAME(ck_keep)(CK_NAME(ck_load_part)(x + i, columns - i) - mean, columns - i);
      squares = CK_FMA(v, v, squares);
    }
    const float variance = CK_NAME(ck_sum)(squares) / (float)columns;
    const float scale = 1.0f / __builtin_sqrtf(variance + epsilon);
    for (size_t i = 0; i < columns; i += 16) {
      v16 v = (CK_NAME(ck_load_part)(x + i, columns - i) - mean) * scale;
      if (weight) v *= CK_NAME(ck_load_part)(weight + i, columns - i);
      if (bias) v += CK_NAME(ck_load_part)(bias + i, columns - i);
      CK_NAME(ck_store_part)(x + i, v, columns - i);
    }
  }
}

static CK_TARGET void CK_NAME(ck_scan)(const ck_scan *s, size_t first, size_t end) {
  for (size_t j = first; j < end; j++) {
    const float *const a = s->a + j * s->states;
    float *const state = s->state + j * s->states;
    for (size_t t = 0; t < s->steps; t++) {
      const float delta = s->delta[t * s->channels + j], x = s->x[t * s->channels + j];
      const float input = delta * x;
      v16 sum = {0};
      for (size_t n = 0; n < s->states; n += 16) {
        const size_t left = s->states - n;
        const v16 decay = CK_NAME(ck_exp)(delta * CK_NAME(ck_load_part)(a + n, left));
        const v16 b = CK_NAME(ck_load_part)(s->b + t * s->states + n, left);
        const v16 c = CK_NAME(ck_load_part)(s->c + t * s->states + n, left);
        const v16 next = CK_FMA(decay, CK_NAME(ck_load_part)(state + n, left), input * b);
        CK_NAME(ck_store_part)(state + n, next, left);
        sum = CK_FMA(next, c, sum);
      }
      s->y[t * s->channels + j] = CK_FMA(s->d[j], x, CK_NAME(ck_sum)(sum));
    }
  }
}

/// The products of one query with four keys.
CK_FN v4 CK_NAME(ck_four_scores)(const float *query, const float *const *keys, size_t columns) {
  v16 acc[4] = {{0}, {0}, {0}, {0}};
  for (size_t d = 0; d < columns; d += 16) {
    const v16 q = CK_NAME(ck_load_part)(query + d, columns - d);
    CK_UNROLL for (int k = 0; k < 4; k++) {
      acc[k] = CK_FMA(q, CK_NAME(ck_load_part)(keys[k] + d, columns - d), acc[k]);
    }
  }
  // The second half of the tree for four sums at once.
  const v4 a = CK_NAME(ck_fold)(acc[0]), b = CK_NAME(ck_fold)(acc[1]);
  const v4 c = CK_NAME(ck_fold)(acc[2]), d = CK_NAME(ck_fold)(acc[3]);
  const v4 ab = __builtin_shufflevector(a, b, 0, 1, 4, 5) + __builtin_shufflevector(a, b, 2, 3, 6, 7);
  const v4 cd = __builtin_shufflevector(c, d, 0, 1, 4, 5) + __builtin_shufflevector(c, d, 2, 3, 6, 7);
  return __builtin_shufflevector(ab, cd, 0, 2, 4, 6) + __builtin_shufflevector(ab, cd, 1, 3, 5, 7);
}

static CK_TARGET void CK_NAME(ck_attend)(const ck_attention *s) {
  const size_t columns = s->head_columns;
  for (size_t t = 0; t < s->positions; t += 4) {
    const size_t count = s->positions - t < 4 ? s->positions - t : 4;
    const float *keys[4];
    for (size_t k = 0; k < 4; k++) keys[k] = s->keys + (t + (k < count ? k : 0)) * s->stride;
    for (size_t h = 0; h < s->heads; h++) {
      const v4 scores = CK_NAME(ck_four_scores)(s->queries + h * columns, keys, columns) * s->scale;
      memcpy(s->scores + h * s->positions + t, &scores, 4 * count);
    }
  }
  for (size_t h = 0; h < s->heads; h++) {
    CK_NAME(ck_softmax_row)(s->scores + h * s->positions, s->positions);
  }
  memset(s->y, 0, 4 * s->heads * columns);
  // Some positions at a time, so that all heads take the values from the nearest cache.
  const size_t some = 32;
  for (size_t t = 0; t < s->positions; t += some) {
    const size_t end = s->positions - t < some ? s->positions : t + some;
    for (size_t h = 0; h < s->heads; h++) {
      const float *const weights = s->scores + h * s->positions;
      for (size_t d = 0; d < columns; d += 16) {
        v16 sum = CK_NAME(ck_load_part)(s->y + h * columns + d, columns - d);
        for (size_t i = t; i < end; i++) {
          const v16 v = CK_NAME(ck_load_part)(s->values + i * s->value_stride + d, columns - d);
          sum = CK_FMA(CK_NAME(ck_all)(weights[i]), v, sum);
        }
        CK_NAME(ck_store_part)(s->y + h * columns + d, sum, columns - d);
      }
    }
  }
}

const ck_vector_functions CK_NAME(ck_vector) = {
    CK_NAME(ck_map), CK_NAME(ck_snake), CK_NAME(ck_softmax), CK_NAME(ck_rms_norm),
    CK_NAME(ck_layer_norm), CK_NAME(ck_scan), CK_NAME(ck_attend)};

#undef CK_CASE
#undef CK_FN
#undef CK_FMA

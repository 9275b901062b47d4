// Products with plain weights, and the quantising of activations, for one instruction set: the
// including file defines CK_TARGET, CK_NAME(x), CK_HALF(p) (16 halves to a v16) and CK_R1 to CK_R4,
// the weight rows done at once for 1 to 4 activation rows, by the number of registers.

CK_INLINE CK_TARGET v16 CK_NAME(ck_weights16)(ck_type type, const uint8_t *p) {
  if (type == CK_F32) {
    v16 v;
    memcpy(&v, p, 64);
    return v;
  }
  if (type == CK_F16) return CK_HALF(p);
  v16h h;
  memcpy(&h, p, 32);
  return (v16)(__builtin_convertvector(h, v16u) << 16);
}

CK_INLINE CK_TARGET float CK_NAME(ck_sum32)(v16 low, v16 high) {
  const v16 a = low + high;
  const v8 b = __builtin_shufflevector(a, a, 0, 1, 2, 3, 4, 5, 6, 7) +
               __builtin_shufflevector(a, a, 8, 9, 10, 11, 12, 13, 14, 15);
  const v4 c = __builtin_shufflevector(b, b, 0, 1, 2, 3) + __builtin_shufflevector(b, b, 4, 5, 6, 7);
  return (c[0] + c[2]) + (c[1] + c[3]);
}

CK_INLINE CK_TARGET void CK_NAME(ck_step32)(
    ck_type type, const int R, const int N, const uint8_t *const *w, const float *const *x,
    v16 (*acc)[4][2]) {
  const size_t half = type == CK_F32 ? 64 : 32;
  v16 xs[4][2];
  CK_UNROLL for (int n = 0; n < N; n++) memcpy(xs[n], x[n], 128);
  CK_UNROLL for (int r = 0; r < R; r++) {
    const v16 w0 = CK_NAME(ck_weights16)(type, w[r]);
    const v16 w1 = CK_NAME(ck_weights16)(type, w[r] + half);
    CK_UNROLL for (int n = 0; n < N; n++) {
      acc[r][n][0] = __builtin_elementwise_fma(xs[n][0], w0, acc[r][n][0]);
      acc[r][n][1] = __builtin_elementwise_fma(xs[n][1], w1, acc[r][n][1]);
    }
  }
}

CK_INLINE CK_TARGET void CK_NAME(ck_float_block)(
    ck_type type, const int R, const int N, const ck_block *block) {
  const size_t columns = block->x->columns, size = type == CK_F32 ? 4 : 2;
  const uint8_t *w[4];
  const float *x[4];
  v16 acc[4][4][2];
  CK_UNROLL for (int r = 0; r < R; r++) w[r] = block->weights + (size_t)r * block->row_bytes;
  CK_UNROLL for (int n = 0; n < N; n++) {
    x[n] = block->x->values + (block->first_x + (size_t)n) * columns;
    CK_UNROLL for (int r = 0; r < R; r++) acc[r][n][0] = acc[r][n][1] = (v16){0};
  }
  for (size_t i = 0; i + 32 <= columns; i += 32) {
    CK_NAME(ck_step32)(type, R, N, w, x, acc);
    CK_UNROLL for (int r = 0; r < R; r++) w[r] += 32 * size;
    CK_UNROLL for (int n = 0; n < N; n++) x[n] += 32;
  }
  const size_t tail = columns % 32;
  if (tail > 0) {
    uint8_t end_w[4][128];
    float end_x[4][32];
    CK_UNROLL for (int r = 0; r < R; r++) {
      memset(end_w[r], 0, 128);
      memcpy(end_w[r], w[r], tail * size);
      w[r] = end_w[r];
    }
    CK_UNROLL for (int n = 0; n < N; n++) {
      memset(end_x[n], 0, 128);
      memcpy(end_x[n], x[n], tail * 4);
      x[n] = end_x[n];
    }
    CK_NAME(ck_step32)(type, R, N, w, x, acc);
  }
  CK_UNROLL for (int r = 0; r < R; r++) {
    CK_UNROLL for (int n = 0; n < N; n++) {
      ck_store(block, r, n, CK_NAME(ck_sum32)(acc[r][n][0], acc[r][n][1]));
    }
  }
}

CK_TILED_LINEAR(
    CK_NAME(ck_float), CK_TARGET, CK_NAME(ck_float_block), CK_R1, CK_R2, CK_R3, CK_R4,
    CK_FLOAT_TYPES)

/// Four times the sums of neighbours: lane l of the result is the sum of bytes 4l ... 4l+3.
CK_INLINE CK_TARGET void CK_NAME(ck_fill_group)(const ck_activations *x, size_t row, size_t group) {
  const size_t at = row * x->groups + group;
  const size_t first = 32 * group;
  const size_t count = first >= x->columns ? 0 : x->columns - first;
  v16 v[2] = {{0}, {0}};
  memcpy(v, x->values + row * x->columns + first, 4 * (count < 32 ? count : 32));
  const v16i top = __builtin_elementwise_max((v16i)v[0] & 0x7fffffff, (v16i)v[1] & 0x7fffffff);
  const int32_t bits = __builtin_reduce_max(top);
  float largest;
  memcpy(&largest, &bits, 4);
  const bool finite = bits < 0x7f800000, tiny = bits < 0x0d800000;  // 2^-100
  const float inverse = tiny || !finite ? 0.0f : 127.0f / largest;
  const float scale = finite ? (tiny ? 0.0f : largest / 127.0f) : __builtin_nanf("");
  const float round = 12582912.0f;  // 1.5 * 2^23: adding it rounds half to even at the units.
  v16b bytes[2];
  for (int half = 0; half < 2; half++) {
    const v16i i = (v16i)(v[half] * inverse + round) - 0x4b400000;
    bytes[half] = finite ? __builtin_convertvector(i, v16b) : (v16b){0};
  }
  memcpy(x->quantized + 32 * at, bytes, 32);
  typedef int32_t v8i __attribute__((vector_size(32)));
  v8i four;
  memcpy(&four, bytes, 32);
  const v8i sums = (four << 24 >> 24) + (four << 16 >> 24) + (four << 8 >> 24) + (four >> 24);
  const v8i offsets = sums * -8;
  memcpy(x->offsets + 8 * at, &offsets, 32);
  x->scales[at] = scale;
  x->sums[at] = scale * (float)__builtin_reduce_add(sums);
}

CK_TARGET void CK_NAME(ck_fill)(const ck_activations *x, size_t first, size_t end) {
  for (size_t row = first; row < end; row++) {
    for (size_t group = 0; group < x->groups; group++) CK_NAME(ck_fill_group)(x, row, group);
  }
}

#ifndef CKERNELS_H
#define CKERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// The canonical order of additions
// ================================
// Every path (portable, AVX2, AVX-512, NEON, and the reference in Swift) follows the rules below,
// so that all give the same bits. No path may contract, reorder or flush to zero.
//
// Plain weights (f32, f16, bf16), y = sum over i of x[i] w[i]:
//   32 lanes start at +0; acc[i % 32] = fma(x[i], w[i], acc[i % 32]) for rising i. A tail shorter
//   than 32 is filled with zeros on both sides and added like the rest. Then the tree: lanes l and
//   l + 16 are added, then l and l + 8, l + 4, l + 2, l + 1, the lower lane being the left operand.
//
// Activations of quantised products, per row in groups of 32:
//   m = max |x|, found on the bit patterns. d = m / 127 and q = x * (127 / m), rounded half to even.
//   m < 2^-100 makes a group of zeros with d = 0; a group with an infinity or a NaN has q = 0 and
//   d = NaN, so that the row of y is NaN.
//
// Quantised weights, group g of 32 columns, lane l of 8 holding the elements 4l ... 4l+3:
//   isum = exact integer sum of q_weight * q_activation over the four elements, with the weights as
//   signed numbers for Q8_0, Q4_0 (q - 8) and Q6_K (q - 32), as unsigned for Q4_K and Q5_K.
//   s = (dw * scale) * da: dw * scale is exact (a half times at most 8 bits), scale is 1 for Q8_0
//   and Q4_0, that of the sub-block otherwise (Q6_K: of the 16 elements the lane belongs to).
//   acc[8 (g % 2) + l] = fma(float(isum), s, acc[8 (g % 2) + l]), g rising, 16 lanes from +0.
//   Minima (Q4_K, Q5_K): low[g % 8] = fma(dmin * m, da * float(sum of the group's q), low[g % 8]).
//   Then the tree: lanes l and l + 8 are added, low[l] is subtracted, then l + 4, l + 2, l + 1.
//
// The bias is added last. A row's result depends on no other row: not on the batch, not on the
// number of threads.

/// The ways in which a kernel may run.
typedef enum ck_backend {
  CK_PORTABLE = 0,
  CK_AVX2 = 1,
  CK_AVX512 = 2,
  CK_NEON = 3,
} ck_backend;

/// The number formats of weights; the quantised ones are the blocks of GGUF v3.
typedef enum ck_type {
  CK_F32 = 0,
  CK_F16 = 1,
  CK_BF16 = 2,
  CK_Q8_0 = 3,
  CK_Q4_0 = 4,
  CK_Q4_K = 5,
  CK_Q5_K = 6,
  CK_Q6_K = 7,
} ck_type;

/// Whether this processor and system can run a backend.
bool ck_supported(ck_backend backend);

/// Rows of activations, plain and, for quantised weights, in eight bits.
typedef struct ck_activations {
  size_t rows;
  size_t columns;
  /// [rows, columns].
  const float *values;
  /// Groups of 32 in a row, rounded up to a multiple of 4; what is beyond the columns is zero.
  size_t groups;
  /// [rows, 32 groups].
  int8_t *quantized;
  /// [rows, groups]: the value of one step.
  float *scales;
  /// [rows, 8 groups]: -8 times the sum of each four neighbours.
  int32_t *offsets;
  /// [rows, groups]: scale times the sum of the group.
  float *sums;
} ck_activations;

/// The bytes of memory that `ck_activations_layout` needs, a multiple of 64.
size_t ck_activations_bytes(size_t rows, size_t columns);

/// Lays the quantised parts out in `memory` (64-byte aligned) without filling them.
ck_activations ck_activations_layout(
    const float *values, size_t rows, size_t columns, void *memory);

/// Quantises the rows `first ..< end`.
void ck_activations_fill(
    ck_backend backend, const ck_activations *x, size_t first, size_t end);

/// y[n, r] = sum over i of x[n, i] w[r, i], plus bias[r] where there is a bias.
///
/// Does the weight rows `first ..< end`; `weights`, `bias` and `y` are those of row 0. `stride` is
/// the distance of neighbouring rows of y. Reads no byte beyond the last weight.
void ck_linear(
    ck_backend backend, ck_type type, const void *weights, size_t row_bytes, size_t first,
    size_t end, const ck_activations *x, const float *bias, float *y, size_t stride);

/// Functions of one number, and of two for the last three.
typedef enum ck_function {
  CK_EXP,
  CK_SIGMOID,
  CK_SILU,
  CK_SOFTPLUS,
  CK_TANH,
  CK_MISH,
  CK_GELU,
  CK_ELU,
  CK_LEAKY_RELU,  // parameter: the slope below zero
  CK_RELU,
  CK_SIN,
  CK_COS,
  CK_SCALE,     // parameter: the factor
  CK_ADD,       // x + y
  CK_MULTIPLY,  // x * y
  CK_GATE,      // silu(x) * y
} ck_function;

/// Replaces each x by its function value.
void ck_map(
    ck_backend backend, ck_function function, float *x, const float *y, size_t count,
    float parameter);

/// x + sin(alpha x)^2 / (alpha + 1e-9), alpha by column.
void ck_snake(ck_backend backend, float *x, const float *alpha, size_t rows, size_t columns);

/// Softmax of the first `valid` columns of each row; the others become 0.
void ck_softmax(ck_backend backend, float *x, size_t rows, size_t columns, size_t valid);

/// x / sqrt(mean of x^2 + epsilon) * weight of each row.
void ck_rms_norm(
    ck_backend backend, float *x, const float *weight, size_t rows, size_t columns, float epsilon);

/// (x - mean) / sqrt(variance + epsilon) * weight + bias of each row; weight, bias may be NULL.
void ck_layer_norm(
    ck_backend backend, float *x, const float *weight, const float *bias, size_t rows,
    size_t columns, float epsilon);

/// The selective scan of a Mamba mixer over some steps.
typedef struct ck_scan {
  size_t steps;
  size_t channels;
  size_t states;
  const float *x;      // [steps, channels]
  const float *delta;  // [steps, channels]
  const float *a;      // [channels, states]
  const float *b;      // [steps, states]
  const float *c;      // [steps, states]
  const float *d;      // [channels]
  float *state;        // [channels, states], carried
  float *y;            // [steps, channels]
} ck_scan;

/// Does the channels `first ..< end`.
void ck_selective_scan(ck_backend backend, const ck_scan *scan, size_t first, size_t end);

/// One query position's heads that share a key and value head.
typedef struct ck_attention {
  size_t heads;
  size_t head_columns;
  /// How many positions are seen, from the first.
  size_t positions;
  /// The distance of neighbouring positions in the keys, and in the values.
  size_t stride, value_stride;
  const float *queries;  // [heads, head_columns]
  const float *keys;
  const float *values;
  float scale;
  float *scores;  // [heads, positions], scratch
  float *y;       // [heads, head_columns]
} ck_attention;

void ck_attend(ck_backend backend, const ck_attention *attention);

/// Threads that share the work of one caller at a time.
typedef struct ck_pool ck_pool;

/// Starts `threads - 1` threads; NULL where that fails.
ck_pool *ck_pool_create(size_t threads);

/// Joins the threads and frees the pool. No run may be in progress.
void ck_pool_destroy(ck_pool *pool);

/// Splits `0 ..< count` into one contiguous range per thread, the caller's included, and returns
/// when `body` has returned for all. Callers on other threads wait for their turn; a call from
/// inside a body runs at once on the calling thread alone.
void ck_pool_run(
    ck_pool *pool, size_t count, void (*body)(void *context, size_t first, size_t end),
    void *context);

#endif

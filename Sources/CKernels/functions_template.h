// Functions of sixteen numbers at once, for one instruction set: the including file defines
// CK_TARGET and CK_NAME(x). Polynomials are minimax fits made for this file; every step is one
// rounded operation or fma, so that all instruction sets and the reference in Swift
// (ReferenceFunctions.swift, which has the same numbers) give the same bits.

#define CK_FN CK_INLINE CK_TARGET
#define CK_FMA(a, b, c) __builtin_elementwise_fma(a, b, c)

CK_FN v16 CK_NAME(ck_all)(float value) { return value - (v16){0}; }

/// Where the mask is set a, else b.
CK_FN v16 CK_NAME(ck_select)(v16i mask, v16 a, v16 b) {
  return (v16)(((v16i)a & mask) | ((v16i)b & ~mask));
}

CK_FN v16 CK_NAME(ck_abs)(v16 x) { return (v16)((v16i)x & 0x7fffffff); }

/// p with the sign of x turned in.
CK_FN v16 CK_NAME(ck_signed)(v16 p, v16 x) {
  return (v16)((v16i)p ^ ((v16i)x & (int32_t)0x80000000));
}

/// (e^r - 1 - r) / r^2 for |r| <= log(2) / 2.
CK_FN v16 CK_NAME(ck_exp_rest)(v16 r) {
  v16 q = CK_NAME(ck_all)(0x1.6dbc68p-10f);
  q = CK_FMA(q, r, CK_NAME(ck_all)(0x1.124148p-7f));
  q = CK_FMA(q, r, CK_NAME(ck_all)(0x1.555454p-5f));
  q = CK_FMA(q, r, CK_NAME(ck_all)(0x1.555486p-3f));
  return CK_FMA(q, r, CK_NAME(ck_all)(0.5f));
}

/// e^x: x = n log(2) + r.
CK_FN v16 CK_NAME(ck_exp)(v16 x) {
  const v16 round = CK_NAME(ck_all)(12582912.0f);  // 1.5 * 2^23
  x = CK_NAME(ck_select)(x > 89.0f, CK_NAME(ck_all)(89.0f), x);
  x = CK_NAME(ck_select)(x < -104.0f, CK_NAME(ck_all)(-104.0f), x);
  const v16 shifted = CK_FMA(x, CK_NAME(ck_all)(0x1.715476p+0f), round);
  const v16 n = shifted - round;
  v16 r = CK_FMA(n, CK_NAME(ck_all)(-0x1.62e430p-1f), x);
  r = CK_FMA(n, CK_NAME(ck_all)(0x1.05c610p-29f), r);
  const v16 p = CK_FMA(CK_FMA(CK_NAME(ck_exp_rest)(r), r, CK_NAME(ck_all)(1.0f)), r,
                       CK_NAME(ck_all)(1.0f));
  // Two factors, because 2^n alone may lie outside the exponents.
  const v16i whole = (v16i)shifted - 0x4b400000;
  const v16i half = whole >> 1;
  return p * (v16)((half + 127) << 23) * (v16)((whole - half + 127) << 23);
}

/// log(1 + t) for 0 <= t <= 1: twice the inverse hyperbolic tangent of t / (2 + t).
CK_FN v16 CK_NAME(ck_log1p)(v16 t) {
  const v16 s = t / (t + 2.0f), z = s * s;
  v16 q = CK_NAME(ck_all)(0x1.f1aee0p-4f);
  q = CK_FMA(q, z, CK_NAME(ck_all)(0x1.b6d6a4p-4f));
  q = CK_FMA(q, z, CK_NAME(ck_all)(0x1.250972p-3f));
  q = CK_FMA(q, z, CK_NAME(ck_all)(0x1.9996a8p-3f));
  q = CK_FMA(q, z, CK_NAME(ck_all)(0x1.555558p-2f));
  const v16 twice = s + s;
  return CK_FMA(twice * z, q, twice);
}

CK_FN v16 CK_NAME(ck_sigmoid)(v16 x) { return 1.0f / (CK_NAME(ck_exp)(-x) + 1.0f); }

CK_FN v16 CK_NAME(ck_silu)(v16 x) { return x / (CK_NAME(ck_exp)(-x) + 1.0f); }

/// log(1 + e^x), the identity above 20.
CK_FN v16 CK_NAME(ck_softplus)(v16 x) {
  const v16 rest = CK_NAME(ck_log1p)(CK_NAME(ck_exp)(-CK_NAME(ck_abs)(x)));
  const v16 sum = CK_NAME(ck_select)(x < 0.0f, (v16){0}, x) + rest;
  return CK_NAME(ck_select)(x > 20.0f, x, sum);
}

CK_FN v16 CK_NAME(ck_tanh)(v16 x) {
  const v16 a = CK_NAME(ck_abs)(x), z = x * x;
  v16 q = CK_NAME(ck_all)(-0x1.76ac1ap-8f);
  q = CK_FMA(q, z, CK_NAME(ck_all)(0x1.5256d8p-6f));
  q = CK_FMA(q, z, CK_NAME(ck_all)(-0x1.b84448p-5f));
  q = CK_FMA(q, z, CK_NAME(ck_all)(0x1.110768p-3f));
  q = CK_FMA(q, z, CK_NAME(ck_all)(-0x1.555534p-2f));
  const v16 small = CK_FMA(x * z, q, x);
  const v16 large = 1.0f - 2.0f / (CK_NAME(ck_exp)(a + a) + 1.0f);
  return CK_NAME(ck_select)(a < 0.625f, small, CK_NAME(ck_signed)(large, x));
}

/// x tanh(softplus(x)): with e = e^x it is x n / (n + 2), n = e (e + 2).
CK_FN v16 CK_NAME(ck_mish)(v16 x) {
  const v16 capped = CK_NAME(ck_select)(x > 20.0f, CK_NAME(ck_all)(20.0f), x);
  const v16 e = CK_NAME(ck_exp)(capped), n = e * (e + 2.0f);
  return CK_NAME(ck_select)(x > 20.0f, x, x * (n / (n + 2.0f)));
}

/// The error function: a polynomial near 0, 1 - e^-p(|x|) beyond, 1 from 4 on.
CK_FN v16 CK_NAME(ck_erf)(v16 x) {
  const v16 z = x * x;
  v16 q = CK_NAME(ck_all)(0x1.5cd4b2p-14f);
  q = CK_FMA(q, z, CK_NAME(ck_all)(-0x1.aa3f30p-11f));
  q = CK_FMA(q, z, CK_NAME(ck_all)(0x1.54c7f6p-8f));
  q = CK_FMA(q, z, CK_NAME(ck_all)(-0x1.b80e90p-6f));
  q = CK_FMA(q, z, CK_NAME(ck_all)(0x1.ce2e0ap-4f));
  q = CK_FMA(q, z, CK_NAME(ck_all)(-0x1.812742p-2f));
  q = CK_FMA(q, z, CK_NAME(ck_all)(0x1.20dd76p+0f));
  v16 a = CK_NAME(ck_abs)(x);
  const v16i near = a < 0.92f;
  a = CK_NAME(ck_select)(a > 4.0f, CK_NAME(ck_all)(4.0f), a);
  v16 p = CK_NAME(ck_all)(0x1.829f82p-17f);
  p = CK_FMA(p, a, CK_NAME(ck_all)(-0x1.5578acp-12f));
  p = CK_FMA(p, a, CK_NAME(ck_all)(0x1.dee7f2p-9f));
  p = CK_FMA(p, a, CK_NAME(ck_all)(-0x1.85b2f8p-6f));
  p = CK_FMA(p, a, CK_NAME(ck_all)(0x1.b340fcp-4f));
  p = CK_FMA(p, a, CK_NAME(ck_all)(0x1.453088p-1f));
  p = CK_FMA(p, a, CK_NAME(ck_all)(0x1.20ef5ap+0f));
  const v16 far = CK_NAME(ck_signed)(1.0f - CK_NAME(ck_exp)(-(p * a)), x);
  return CK_NAME(ck_select)(near, x * q, far);
}

CK_FN v16 CK_NAME(ck_gelu)(v16 x) {
  return x * 0.5f * (CK_NAME(ck_erf)(x * 0x1.6a09e6p-1f) + 1.0f);
}

/// x above 0, e^x - 1 below.
CK_FN v16 CK_NAME(ck_elu)(v16 x) {
  const v16 near = CK_FMA(CK_NAME(ck_exp_rest)(x) * x, x, x);
  const v16 low = CK_NAME(ck_select)(x > -0.34f, near, CK_NAME(ck_exp)(x) - 1.0f);
  return CK_NAME(ck_select)(x > 0.0f, x, low);
}

/// Sine, or cosine with `quarters` 1: x = n pi/2 + r with pi/2 in three parts.
CK_FN v16 CK_NAME(ck_sine)(v16 x, const int quarters) {
  const v16 round = CK_NAME(ck_all)(12582912.0f);
  const v16 shifted = CK_FMA(x, CK_NAME(ck_all)(0x1.45f306p-1f), round);
  const v16 n = shifted - round;
  v16 r = CK_FMA(n, CK_NAME(ck_all)(-0x1.921fb6p+0f), x);
  r = CK_FMA(n, CK_NAME(ck_all)(0x1.777a5cp-25f), r);
  r = CK_FMA(n, CK_NAME(ck_all)(0x1.ee59dap-50f), r);
  const v16i turn = ((v16i)shifted - 0x4b400000) + quarters;
  const v16 z = r * r;
  v16 s = CK_NAME(ck_all)(0x1.6cbecep-19f);
  s = CK_FMA(s, z, CK_NAME(ck_all)(-0x1.a00f32p-13f));
  s = CK_FMA(s, z, CK_NAME(ck_all)(0x1.111108p-7f));
  s = CK_FMA(s, z, CK_NAME(ck_all)(-0x1.555556p-3f));
  s = CK_FMA(r * z, s, r);
  v16 c = CK_NAME(ck_all)(-0x1.2417e0p-22f);
  c = CK_FMA(c, z, CK_NAME(ck_all)(0x1.a010c4p-16f));
  c = CK_FMA(c, z, CK_NAME(ck_all)(-0x1.6c16b8p-10f));
  c = CK_FMA(c, z, CK_NAME(ck_all)(0x1.555556p-5f));
  c = CK_FMA(z * z, c, CK_FMA(z, CK_NAME(ck_all)(-0.5f), CK_NAME(ck_all)(1.0f)));
  const v16 value = CK_NAME(ck_select)((turn & 1) == 0, s, c);
  return (v16)((v16i)value ^ ((turn & 2) << 30));
}

CK_FN v16 CK_NAME(ck_apply)(ck_function function, v16 x, v16 y, float parameter) {
  switch (function) {
    case CK_EXP: return CK_NAME(ck_exp)(x);
    case CK_SIGMOID: return CK_NAME(ck_sigmoid)(x);
    case CK_SILU: return CK_NAME(ck_silu)(x);
    case CK_SOFTPLUS: return CK_NAME(ck_softplus)(x);
    case CK_TANH: return CK_NAME(ck_tanh)(x);
    case CK_MISH: return CK_NAME(ck_mish)(x);
    case CK_GELU: return CK_NAME(ck_gelu)(x);
    case CK_ELU: return CK_NAME(ck_elu)(x);
    case CK_LEAKY_RELU: return CK_NAME(ck_select)(x < 0.0f, x * parameter, x);
    case CK_RELU: return CK_NAME(ck_select)(x < 0.0f, (v16){0}, x);
    case CK_SIN: return CK_NAME(ck_sine)(x, 0);
    case CK_COS: return CK_NAME(ck_sine)(x, 1);
    case CK_SCALE: return x * parameter;
    case CK_ADD: return x + y;
    case CK_MULTIPLY: return x * y;
    case CK_GATE: return CK_NAME(ck_silu)(x) * y;
  }
  return x;
}

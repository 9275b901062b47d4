#pragma STDC FP_CONTRACT OFF

#include "backends.h"
#include "vectors.h"

#define CK_TARGET
#define CK_NAME(x) x##_portable
#include "functions_template.h"
#include "vector_template.h"
#undef CK_TARGET
#undef CK_NAME

#if defined(__x86_64__)
#define CK_TARGET CK_AVX2_TARGET
#define CK_NAME(x) x##_avx2
#include "functions_template.h"
#include "vector_template.h"
#undef CK_TARGET
#undef CK_NAME

#define CK_TARGET CK_AVX512_TARGET
#define CK_NAME(x) x##_avx512
#include "functions_template.h"
#include "vector_template.h"
#endif

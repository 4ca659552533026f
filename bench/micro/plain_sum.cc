#include "plain_sum.h"

// One clone per instruction set where the compiler offers it, so that the comparison is fair.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
__attribute__((target_clones("default", "avx2", "arch=skylake-avx512")))
#endif
void plainSum(float* dst, const float* a, const float* b, size_t count) {
  for (size_t i = 0; i < count; ++i) dst[i] = a[i] + b[i];
}

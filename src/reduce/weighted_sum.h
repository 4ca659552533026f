// Σ weight[i] · value[i]: what proves a sum of integers without knowing its terms.
//
// Exact as long as it fits: weights below 2^21 and values of at most 2^30 in magnitude give less
// than 2^62 for 2,048 elements. The wrapping form is modulo 2^32 for any weights and values.
// Threading: any thread, any time.
#pragma once

#include <cstddef>
#include <cstdint>

namespace inccl::reduce {

// `values` are 32-bit integers at any address.
int64_t weightedSum(const void* values, const int32_t* weights, size_t count);
uint32_t weightedSumWrapping(const void* values, const int32_t* weights, size_t count);

}  // namespace inccl::reduce

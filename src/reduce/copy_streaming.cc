// memcpy past the caches.
#include <algorithm>
#include <cstdint>
#include <cstring>

#include "reduce/families.h"

#define HWY_DISABLED_TARGETS INCCL_REDUCE_DISABLED_TARGETS
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "reduce/copy_streaming.cc"
#include <hwy/cache_control.h>
#include <hwy/foreach_target.h>  // before highway.h
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace inccl::reduce::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

void copyStreamingHere(void* dst, const void* src, size_t bytes) {
  if (bytes == 0) return;
  const hn::ScalableTag<uint8_t> d;
  const size_t lanes = hn::Lanes(d);
  auto* to = static_cast<uint8_t*>(dst);
  auto* from = static_cast<const uint8_t*>(src);
  const size_t misaligned = reinterpret_cast<uintptr_t>(dst) % lanes;
  size_t i = lanes == 1 ? bytes : std::min((lanes - misaligned) % lanes, bytes);
  std::memcpy(to, from, i);
  for (; bytes - i >= 4 * lanes; i += 4 * lanes) {
    hn::Stream(hn::LoadU(d, from + i), d, to + i);
    hn::Stream(hn::LoadU(d, from + i + lanes), d, to + i + lanes);
    hn::Stream(hn::LoadU(d, from + i + 2 * lanes), d, to + i + 2 * lanes);
    hn::Stream(hn::LoadU(d, from + i + 3 * lanes), d, to + i + 3 * lanes);
  }
  std::memcpy(to + i, from + i, bytes - i);
  hwy::FlushStream();
}

const char* instructionSetHere() { return hwy::TargetName(HWY_TARGET); }

}  // namespace inccl::reduce::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace inccl::reduce {

HWY_EXPORT(copyStreamingHere);
HWY_EXPORT(instructionSetHere);

void copyStreaming(void* dst, const void* src, size_t bytes) {
  HWY_DYNAMIC_DISPATCH(copyStreamingHere)(dst, src, bytes);
}
const char* instructionSet() { return HWY_DYNAMIC_DISPATCH(instructionSetHere)(); }

}  // namespace inccl::reduce
#endif

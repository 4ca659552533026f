// The loops around ⊕, the table of type × operation, and the choice of the instruction set.
//
// Highway compiles this file once per instruction set, each time into a namespace of its own. Every
// such namespace ends in a table of plain function pointers; find() asks Highway once which table
// this CPU takes and hands out its pointers, so a call of a kernel is one indirect call. Highway's
// choice is one atomic word, computed from CPUID alike by any thread that finds it unset.
//
// A loop reads every source of an element before it writes that element and touches none twice:
// that is why dst may be any one of the sources. Elements left over after the whole vectors take
// vectors of half the length, a quarter … down to one lane, through the same operations, so
// neighbours are not touched and the bits do not depend on where an element lies.
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "reduce/reduce.h"

#define HWY_DISABLED_TARGETS HWY_SSSE3  // CPUs before 2008: plain code is good enough
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "reduce/kernels.cc"
#include <hwy/cache_control.h>
#include <hwy/foreach_target.h>  // before highway.h
#include <hwy/highway.h>

#include "reduce/operations_inl.h"

HWY_BEFORE_NAMESPACE();
namespace inccl::reduce::HWY_NAMESPACE {

// How elements lie in memory and in which type they are combined. A type that is widened for the
// arithmetic would be another format with these members.
template <typename T>
struct AsStored {
  using Stored = T;
  using Computed = T;
  template <class D>
  static HWY_INLINE hn::Vec<D> load(D d, const void* source, size_t i) {
    return hn::LoadU(d, static_cast<const T*>(source) + i);
  }
  template <class D>
  static HWY_INLINE void store(D d, hn::Vec<D> v, void* dst, size_t i) {
    hn::StoreU(v, d, static_cast<T*>(dst) + i);
  }
  // dst + i is aligned to a whole vector.
  template <class D>
  static HWY_INLINE void stream(D d, hn::Vec<D> v, void* dst, size_t i) {
    hn::Stream(v, d, static_cast<T*>(dst) + i);
  }
};

// The vector at element i of the combination of kSources sources.
template <class Format, class Op, size_t kSources, class D>
HWY_INLINE hn::Vec<D> combineFixed(D d, const void* const* sources, size_t i) {
  static_assert(kSources >= 2 && kSources <= 4);
  auto v = Op::combine(d, Format::load(d, sources[0], i), Format::load(d, sources[1], i));
  if constexpr (kSources >= 3) v = Op::combine(d, v, Format::load(d, sources[2], i));
  if constexpr (kSources >= 4) v = Op::combine(d, v, Format::load(d, sources[3], i));
  if constexpr (Op::kCanonical) return v;
  return canonical(d, v);
}

// The same for any number of sources ≥ 1.
template <class Format, class Op, class D>
HWY_INLINE hn::Vec<D> combineAll(D d, const void* const* sources, size_t sourceCount, size_t i) {
  auto v = Format::load(d, sources[0], i);
  for (size_t s = 1; s < sourceCount; ++s) v = Op::combine(d, v, Format::load(d, sources[s], i));
  return canonical(d, v);
}

// Elements i … count-1 in vectors of D, then of half as many lanes, down to one.
template <class Format, class Op, class D>
HWY_INLINE void descend(D d, void* dst, const void* const* sources, size_t sourceCount, size_t i,
                        size_t count) {
  const size_t lanes = hn::Lanes(d);
  for (; count - i >= lanes; i += lanes) {
    Format::store(d, combineAll<Format, Op>(d, sources, sourceCount, i), dst, i);
  }
  constexpr size_t kHalf = hn::MaxLanes(D()) / 2;
  if constexpr (kHalf > 0) {
    const hn::CappedTag<hn::TFromD<D>, kHalf> half;
    descend<Format, Op>(half, dst, sources, sourceCount, i, count);
  }
}

// What lies before and after the blocks of a loop, and all of a short call. One copy for all loops
// of a kernel: inlined into each it would be most of the library's code.
template <class Format, class Op>
HWY_NOINLINE void few(void* dst, const void* const* sources, size_t sourceCount, size_t i,
                      size_t count) {
  const hn::ScalableTag<typename Format::Computed> d;
  descend<Format, Op>(d, dst, sources, sourceCount, i, count);
}

// Elements from dst up to the first that is aligned to `bytes`, at most `count`.
template <typename T>
HWY_INLINE size_t elementsToAlign(const void* dst, size_t bytes, size_t count) {
  const size_t misaligned = reinterpret_cast<uintptr_t>(dst) % bytes;
  return misaligned == 0 ? 0 : std::min((bytes - misaligned) / sizeof(T), count);
}

template <class Format, class Op, size_t kSources, bool kStreaming, class D>
HWY_INLINE void step(D d, void* dst, const void* const* sources, size_t i) {
  const auto v = combineFixed<Format, Op, kSources>(d, sources, i);
  if constexpr (kStreaming) {
    Format::stream(d, v, dst, i);
  } else {
    Format::store(d, v, dst, i);
  }
}

// Stores to whole vectors are aligned, which streaming needs and long loops gain from: at an offset
// of 4 bytes 1.6 times the rate in L1, 1.1 times in L2.
template <class Format, class Op, size_t kSources, bool kStreaming>
HWY_INLINE void loopFixed(void* dst, const void* const* sources, size_t count) {
  using Stored = typename Format::Stored;
  const hn::ScalableTag<typename Format::Computed> d;
  const size_t lanes = hn::Lanes(d);
  const void* source[kSources];  // a copy that no store to dst can change: stays in registers
  for (size_t s = 0; s < kSources; ++s) source[s] = sources[s];
  size_t i = 0;
  if (kStreaming || count >= 64 * lanes) {
    i = elementsToAlign<Stored>(dst, lanes * sizeof(Stored), count);
    if (i != 0) few<Format, Op>(dst, source, kSources, 0, i);
  }
  for (; count - i >= 4 * lanes; i += 4 * lanes) {
    step<Format, Op, kSources, kStreaming>(d, dst, source, i);
    step<Format, Op, kSources, kStreaming>(d, dst, source, i + lanes);
    step<Format, Op, kSources, kStreaming>(d, dst, source, i + 2 * lanes);
    step<Format, Op, kSources, kStreaming>(d, dst, source, i + 3 * lanes);
  }
  few<Format, Op>(dst, source, kSources, i, count);
}

// Four vectors at a time stay in registers while the sources pass by, so that dst is written once.
template <class Format, class Op>
HWY_INLINE void loopAll(void* dst, const void* const* sources, size_t sourceCount, size_t count) {
  const hn::ScalableTag<typename Format::Computed> d;
  const size_t lanes = hn::Lanes(d);
  size_t i = 0;
  for (; count - i >= 4 * lanes; i += 4 * lanes) {
    auto v0 = Format::load(d, sources[0], i);
    auto v1 = Format::load(d, sources[0], i + lanes);
    auto v2 = Format::load(d, sources[0], i + 2 * lanes);
    auto v3 = Format::load(d, sources[0], i + 3 * lanes);
    for (size_t s = 1; s < sourceCount; ++s) {
      v0 = Op::combine(d, v0, Format::load(d, sources[s], i));
      v1 = Op::combine(d, v1, Format::load(d, sources[s], i + lanes));
      v2 = Op::combine(d, v2, Format::load(d, sources[s], i + 2 * lanes));
      v3 = Op::combine(d, v3, Format::load(d, sources[s], i + 3 * lanes));
    }
    Format::store(d, canonical(d, v0), dst, i);
    Format::store(d, canonical(d, v1), dst, i + lanes);
    Format::store(d, canonical(d, v2), dst, i + 2 * lanes);
    Format::store(d, canonical(d, v3), dst, i + 3 * lanes);
  }
  few<Format, Op>(dst, sources, sourceCount, i, count);
}

template <class Format, class Op>
void reduceTwo(void* dst, const void* a, const void* b, size_t count) {
  const void* const sources[] = {a, b};
  loopFixed<Format, Op, 2, false>(dst, sources, count);
}

template <class Format, class Op>
void reduceTwoStreaming(void* dst, const void* a, const void* b, size_t count) {
  const void* const sources[] = {a, b};
  loopFixed<Format, Op, 2, true>(dst, sources, count);
  hwy::FlushStream();
}

template <class Format, class Op>
void reduceMany(void* dst, const void* const* sources, size_t sourceCount, size_t count) {
  switch (sourceCount) {
    case 2:
      return reduceTwo<Format, Op>(dst, sources[0], sources[1], count);
    case 3:
      return loopFixed<Format, Op, 3, false>(dst, sources, count);
    case 4:
      return loopFixed<Format, Op, 4, false>(dst, sources, count);
    default:
      return loopAll<Format, Op>(dst, sources, sourceCount, count);
  }
}

template <class Format, class Op>
constexpr Kernels kernelsOf() {
  return {&reduceTwo<Format, Op>, &reduceMany<Format, Op>, &reduceTwoStreaming<Format, Op>};
}

struct Row {
  DataType type;
  Kernels sum, prod, max, min;
};

template <typename T>
constexpr Row rowOf(DataType type) {
  // Unsigned arithmetic wraps, to the same bits.
  using Wrapping = std::conditional_t<std::is_integral_v<T>, hwy::MakeUnsigned<T>, T>;
  return {type, kernelsOf<AsStored<Wrapping>, Sum>(), kernelsOf<AsStored<Wrapping>, Prod>(),
          kernelsOf<AsStored<T>, Max>(), kernelsOf<AsStored<T>, Min>()};
}

constexpr Row kRows[] = {
    rowOf<int32_t>(DataType::kInt32),
    rowOf<int64_t>(DataType::kInt64),
    rowOf<float>(DataType::kFloat32),
    rowOf<double>(DataType::kFloat64),
};

Kernels findHere(DataType type, RedOp op) {
  for (const Row& row : kRows) {
    if (row.type != type) continue;
    switch (op) {
      case RedOp::kSum:
        return row.sum;
      case RedOp::kProd:
        return row.prod;
      case RedOp::kMax:
        return row.max;
      case RedOp::kMin:
        return row.min;
      case RedOp::kAvg:
        break;
    }
  }
  return {};
}

void copyStreamingHere(void* dst, const void* src, size_t bytes) {
  if (bytes == 0) return;
  const hn::ScalableTag<uint8_t> d;
  const size_t lanes = hn::Lanes(d);
  auto* to = static_cast<uint8_t*>(dst);
  auto* from = static_cast<const uint8_t*>(src);
  size_t i = lanes == 1 ? bytes : elementsToAlign<uint8_t>(dst, lanes, bytes);
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

HWY_EXPORT(findHere);
HWY_EXPORT(copyStreamingHere);
HWY_EXPORT(instructionSetHere);

Kernels find(DataType type, RedOp op) { return HWY_DYNAMIC_DISPATCH(findHere)(type, op); }
void copyStreaming(void* dst, const void* src, size_t bytes) {
  HWY_DYNAMIC_DISPATCH(copyStreamingHere)(dst, src, bytes);
}
const char* instructionSet() { return HWY_DYNAMIC_DISPATCH(instructionSetHere)(); }

}  // namespace inccl::reduce
#endif

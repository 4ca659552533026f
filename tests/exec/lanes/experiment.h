// One call of a collective on all ranks of a group, its inputs and what must come out.
#pragma once

#include <algorithm>
#include <cstring>
#include <memory>
#include <ostream>
#include <vector>

#include "algo/algorithm.h"
#include "rank_group.h"
#include "reduce/reduce.h"

namespace inccl::exec {

using algo::Algorithm;
using transport::Progress;

constexpr int8_t kGarbage = -77;

struct Setting {
  Algorithm algorithm;
  Collective collective;
  int ranks;
  int root;
  uint64_t count;
  size_t slotBytes;
  bool lazy;
  bool inPlace;
  algo::Options options{};
};

inline std::ostream& operator<<(std::ostream& out, const Setting& s) {
  return out << algo::name(s.algorithm) << " " << name(s.collective) << " ranks " << s.ranks
             << " root " << s.root << " count " << s.count << " slot " << s.slotBytes << " lazy "
             << s.lazy << " in place " << s.inPlace;
}

template <typename T>
struct TypeOf;
template <>
struct TypeOf<int32_t> {
  static constexpr DataType value = DataType::kInt32;
};
template <>
struct TypeOf<int64_t> {
  static constexpr DataType value = DataType::kInt64;
};
template <>
struct TypeOf<float> {
  static constexpr DataType value = DataType::kFloat32;
};
template <>
struct TypeOf<double> {
  static constexpr DataType value = DataType::kFloat64;
};

// Values whose sums are exact in every type, in any order, and depend on rank and place.
template <typename T>
T valueAt(int rank, uint64_t index) {
  return static_cast<T>((index * 7 + static_cast<uint64_t>(rank) * 31) % 1021) -
         static_cast<T>(200 * rank);
}

// Values whose sums are not: other orders of adding give other bits.
template <typename T>
T roughAt(int rank, uint64_t index) {
  const uint64_t mixed =
      (index + 1) * 0x9e3779b97f4a7c15ull ^ (static_cast<uint64_t>(rank) * 0xbf58476d1ce4e5b9ull);
  return static_cast<T>(mixed >> 40) / static_cast<T>(3 + (mixed & 0xff) * (mixed & 0xff));
}

inline bool isRoot(const Setting& s, int rank) { return !isRooted(s.collective) || rank == s.root; }
inline bool hasInput(const Setting& s, int rank) {
  const bool ofRoot =
      s.collective == Collective::kBroadcast || s.collective == Collective::kScatter;
  return !ofRoot || isRoot(s, rank);
}
inline bool hasOutput(const Setting& s, int rank) {
  const bool ofRoot = s.collective == Collective::kReduce || s.collective == Collective::kGather;
  return !ofRoot || isRoot(s, rank);
}
inline uint64_t inputCount(const Setting& s) {
  const bool blocks = s.collective == Collective::kReduceScatter ||
                      s.collective == Collective::kScatter || s.collective == Collective::kAllToAll;
  return s.count * (blocks ? static_cast<uint64_t>(s.ranks) : 1);
}
inline uint64_t outputCount(const Setting& s) {
  const bool blocks = s.collective == Collective::kAllGather ||
                      s.collective == Collective::kGather || s.collective == Collective::kAllToAll;
  return s.count * (blocks ? static_cast<uint64_t>(s.ranks) : 1);
}

template <typename T>
class Experiment {
 public:
  using ValueAt = T (*)(int, uint64_t);

  Experiment(const Setting& setting, std::shared_ptr<RankGroup> group)
      : setting_(setting), group_(std::move(group)) {}

  // Runs one call on all ranks; false when one did not end well.
  bool run(ValueAt value, uint32_t sequence) {
    inputs_.assign(setting_.ranks, std::vector<T>(inputCount(setting_)));
    outputs_.assign(setting_.ranks, std::vector<T>(outputCount(setting_)));
    for (int rank = 0; rank < setting_.ranks; ++rank) {
      std::fill(inputs_[rank].begin(), inputs_[rank].end(), kGarbage);
      std::fill(outputs_[rank].begin(), outputs_[rank].end(), kGarbage);
      T* const input = inputOf(rank);
      for (uint64_t i = 0; hasInput(setting_, rank) && i < inputCount(setting_); ++i)
        input[i] = value(rank, i);
      const LanesCall call{hasInput(setting_, rank) ? input : nullptr,
                           hasOutput(setting_, rank) ? outputOf(rank) : nullptr,
                           {},
                           setting_.count,
                           sizeof(T),
                           reduce::find(TypeOf<T>::value, RedOp::kSum),
                           OpTag(sequence, 77)};
      if (!group_->begin(rank, call).ok()) return false;
    }
    const std::vector<Progress> ends = group_->run();
    return std::all_of(ends.begin(), ends.end(),
                       [](Progress end) { return end == Progress::kDone; }) &&
           group_->fabric().isEmpty();
  }

  [[nodiscard]] uint64_t wrongElements(ValueAt value) {
    uint64_t wrong = 0;
    for (int rank = 0; rank < setting_.ranks; ++rank) {
      for (uint64_t i = 0; i < outputCount(setting_); ++i) {
        // What a rank has no part in stays as it was.
        const T right = hasOutput(setting_, rank) ? expected(value, rank, i) : T{kGarbage};
        const T* const output = hasOutput(setting_, rank) ? outputOf(rank) : outputs_[rank].data();
        wrong += output[i] != right ? 1 : 0;
      }
    }
    return wrong;
  }
  [[nodiscard]] bool inputsAreUntouched(ValueAt value) {
    for (int rank = 0; rank < setting_.ranks; ++rank) {
      if (!hasInput(setting_, rank) || sharesMemory(rank)) continue;
      for (uint64_t i = 0; i < inputCount(setting_); ++i) {
        if (inputs_[rank][i] != value(rank, i)) return false;
      }
    }
    return true;
  }
  [[nodiscard]] bool sameBitsEverywhere() const {
    return setting_.collective != Collective::kAllReduce ||
           std::all_of(outputs_.begin(), outputs_.end(), [&](const std::vector<T>& output) {
             return output.empty() ||
                    std::memcmp(output.data(), outputs_[0].data(), output.size() * sizeof(T)) == 0;
           });
  }

 private:
  [[nodiscard]] bool sharesMemory(int rank) const {
    return setting_.inPlace && hasInput(setting_, rank) && hasOutput(setting_, rank) &&
           setting_.collective != Collective::kAllToAll;
  }
  // The smaller of two shared buffers is the rank's own block of the larger one.
  [[nodiscard]] uint64_t blockIn(uint64_t elements, int rank) const {
    return elements > setting_.count ? setting_.count * static_cast<uint64_t>(rank) : 0;
  }
  T* inputOf(int rank) {
    if (!sharesMemory(rank) || inputCount(setting_) > outputCount(setting_))
      return inputs_[rank].data();
    return outputs_[rank].data() + blockIn(outputCount(setting_), rank);
  }
  T* outputOf(int rank) {
    if (!sharesMemory(rank) || inputCount(setting_) <= outputCount(setting_))
      return outputs_[rank].data();
    return inputs_[rank].data() + blockIn(inputCount(setting_), rank);
  }

  [[nodiscard]] T sumAt(ValueAt value, uint64_t index) const {
    T sum = value(0, index);
    for (int rank = 1; rank < setting_.ranks; ++rank) sum += value(rank, index);
    return sum;
  }
  [[nodiscard]] T expected(ValueAt value, int rank, uint64_t index) const {
    const uint64_t own = setting_.count * static_cast<uint64_t>(rank);
    const int from = static_cast<int>(index / setting_.count);
    switch (setting_.collective) {
      case Collective::kAllReduce:
      case Collective::kReduce:
        return sumAt(value, index);
      case Collective::kReduceScatter:
        return sumAt(value, own + index);
      case Collective::kBroadcast:
        return value(setting_.root, index);
      case Collective::kScatter:
        return value(setting_.root, own + index);
      case Collective::kAllGather:
      case Collective::kGather:
        return value(from, index % setting_.count);
      case Collective::kAllToAll:
        return value(from, own + index % setting_.count);
      case Collective::kBarrier:
      case Collective::kSend:
      case Collective::kRecv:
        break;
    }
    return {};
  }

  Setting setting_;
  std::shared_ptr<RankGroup> group_;
  std::vector<std::vector<T>> inputs_, outputs_;
};

}  // namespace inccl::exec

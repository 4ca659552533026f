#include "comm/plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <iterator>
#include <optional>
#include <utility>

#include "base/environment.h"
#include "base/hash.h"

namespace inccl::comm {
namespace {

using algo::Algorithm;

// Changes whenever a kernel computes in another order or cuts in another way.
constexpr uint64_t kKernelVersion = 2;

// Thresholds between the kernels over shared memory, measured on two cores (docs/performance.md).
// Up to here one exchange of cells is fastest.
constexpr size_t kTinyBytes = 256;
constexpr size_t kTinyBytesOversubscribed = 4096;
// Up to here the one synchronisation of `flat` beats the two of `half`. Between two ranks both move
// the same bytes between the cores; with more, `flat` does n times the arithmetic.
constexpr size_t kFlatBytesOfTwo = 131072;
constexpr size_t kFlatBytes = 32768;
// Up to here many ranks at once do not disturb each other, and one message of waiting wins.
constexpr int kFewRanks = 8;
// Over channels: recursive doubling sends log2(n) times the vector, the ring twice but in n pieces.
constexpr size_t kRingBytes = 65536;

constexpr uint32_t kSwitchBit = 1u << static_cast<uint32_t>(Algorithm::kInNetwork);

// By their names, so that a new algorithm can be asked for without a line here.
const auto kAlgorithms = [] {
  std::array<std::pair<Algorithm, const char*>, std::size(algo::kAllAlgorithms) + 1> words;
  const auto pairOf = [](Algorithm algorithm) {
    return std::pair{algorithm, algo::name(algorithm).data()};
  };
  std::ranges::transform(algo::kAllAlgorithms, words.begin(), pairOf);
  words.back() = pairOf(Algorithm::kInNetwork);
  return words;
}();
constexpr std::array kKernels = {
    std::pair{Kernel::kTiny, "tiny"}, std::pair{Kernel::kFlat, "flat"},
    std::pair{Kernel::kHalf, "half"}, std::pair{Kernel::kPublish, "publish"},
    std::pair{Kernel::kRead, "read"}, std::pair{Kernel::kLanes, "lanes"},
};
constexpr std::array kFunctions = {
    std::pair{Collective::kAllReduce, "allreduce"},
    std::pair{Collective::kBroadcast, "broadcast"},
    std::pair{Collective::kAllGather, "allgather"},
    std::pair{Collective::kReduce, "reduce"},
    std::pair{Collective::kReduceScatter, "reducescatter"},
    std::pair{Collective::kAllToAll, "alltoall"},
    std::pair{Collective::kGather, "gather"},
    std::pair{Collective::kScatter, "scatter"},
    std::pair{Collective::kBarrier, "barrier"},
};

template <typename Value, size_t kCount>
std::optional<Value> lookUp(const std::array<std::pair<Value, const char*>, kCount>& words,
                            std::string_view text) {
  std::string asked = lowerCase(text);
  if (asked == "rd") asked = "recursive_doubling";
  for (const auto& [value, word] : words) {
    if (asked == word) return value;
  }
  return std::nullopt;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const size_t at = text.find(separator);
    parts.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

template <typename Value, size_t kCount>
std::string listOf(const std::array<std::pair<Value, const char*>, kCount>& words) {
  std::string list;
  for (const auto& [value, word] : words) list += fmt::format(" {}", word);
  return list;
}

// "ring,direct" or "^ring" as a mask over the enum's values.
template <typename Value, size_t kCount>
Result<uint32_t> parseMask(std::string_view variable, std::string_view text,
                           const std::array<std::pair<Value, const char*>, kCount>& words) {
  const bool exclude = text.starts_with('^');
  if (exclude) text.remove_prefix(1);
  uint32_t mask = 0;
  for (const std::string_view word : split(text, ',')) {
    const auto value = lookUp(words, word);
    if (!value) {
      return invalidArgument(
          fmt::format("{}: '{}' is unknown; known are{}", variable, word, listOf(words)));
    }
    mask |= 1u << static_cast<uint32_t>(*value);
  }
  return exclude ? ~mask : mask;
}

// The values that have a form of `collective` at all.
uint32_t possible(Collective collective, const decltype(kAlgorithms)& words) {
  uint32_t mask = 0;
  for (const auto& [algorithm, word] : words)
    mask |= static_cast<uint32_t>(algo::supports(algorithm, collective))
            << static_cast<uint32_t>(algorithm);
  return mask;
}
uint32_t possible(Collective collective, const decltype(kKernels)&) {
  const auto bit = [](Kernel kernel) { return 1u << static_cast<uint32_t>(kernel); };
  const uint32_t lanes = bit(Kernel::kLanes);
  switch (collective) {
    case Collective::kAllReduce:
      return lanes | bit(Kernel::kTiny) | bit(Kernel::kFlat) | bit(Kernel::kHalf);
    case Collective::kBroadcast:
    case Collective::kReduce:
    case Collective::kGather:
    case Collective::kScatter:
      return lanes | bit(Kernel::kPublish) | bit(Kernel::kRead);
    case Collective::kAllGather:
    case Collective::kAllToAll:
      return lanes | bit(Kernel::kTiny) | bit(Kernel::kPublish) | bit(Kernel::kRead);
    case Collective::kReduceScatter:
      return lanes | bit(Kernel::kTiny) | bit(Kernel::kPublish);
    case Collective::kBarrier:
      return lanes | bit(Kernel::kTiny);
    case Collective::kSend:
    case Collective::kRecv:
      break;
  }
  return lanes;
}

// "WORDS" for all, then "function:WORDS" for single collectives, separated by semicolons. What is
// said for all counts only for the collectives that have such a form: "ring" does not forbid
// barriers. What is said for one collective is meant.
template <typename Value, size_t kCount>
Status parseRules(std::string_view variable, std::string_view text,
                  const std::array<std::pair<Value, const char*>, kCount>& words, uint32_t* masks) {
  if (text.empty() || lowerCase(text) == "auto") return {};
  for (const std::string_view part : split(text, ';')) {
    const size_t colon = part.find(':');
    if (colon == std::string_view::npos) {
      INCCL_TRY_ASSIGN(const uint32_t mask, parseMask(variable, part, words));
      for (const auto& [collective, word] : kFunctions)
        masks[static_cast<int>(collective)] =
            (mask & possible(collective, words)) != 0 ? mask : ~0u;
      continue;
    }
    const auto function = lookUp(kFunctions, part.substr(0, colon));
    if (!function) {
      return invalidArgument(fmt::format("{}: '{}' is no collective; known are{}", variable,
                                         part.substr(0, colon), listOf(kFunctions)));
    }
    INCCL_TRY_ASSIGN(masks[static_cast<int>(*function)],
                     parseMask(variable, part.substr(colon + 1), words));
  }
  return {};
}

// Kernel and algorithm that belong together, best first, for a collective over shared memory.
struct Candidate {
  Kernel kernel;
  Algorithm algorithm;
  size_t mostBytes;  // what the kernel can carry
};

using Candidates = std::vector<Candidate>;

// Bytes from one rank for which reading the owner's memory beats slots.
struct ByteRange {
  size_t least = 1, most = 0;
  [[nodiscard]] bool holds(size_t bytes) const { return bytes >= least && bytes <= most; }
};

// Measured on two cores (docs/performance.md). Where ranks share cores, waiting for the readers
// costs more than the second copy, but for the long blocks of an all-to-all. Where each has its
// own, data that flows one way goes faster through slots again when the caches do not hold it: the
// two copies overlap then. Bounds are powers of two, see plan.h.
ByteRange readingPays(const PlanContext& context, Collective collective) {
  const size_t any = ~size_t{0};
  if (!context.readsMemory) return {};
  if (context.oversubscribed)
    return collective == Collective::kAllToAll ? ByteRange{32769, any} : ByteRange{};
  if (collective == Collective::kAllGather || collective == Collective::kAllToAll)
    return {4097, any};
  return {2049, 524288};
}

Candidates sharedCandidates(const PlanContext& context, Collective collective, size_t bytes) {
  const size_t any = ~size_t{0};
  // A power of two, see plan.h.
  const size_t ranks = std::bit_ceil(static_cast<size_t>(context.rankCount));
  const Candidate tiny{Kernel::kTiny, Algorithm::kDirect, context.cellBytes};
  const Candidate tinyBlocks{Kernel::kTiny, Algorithm::kDirect, context.cellBytes / ranks};
  const Candidate ring{Kernel::kLanes, Algorithm::kRing, any};
  const Candidate flat{Kernel::kFlat, Algorithm::kDirect, any};
  const Candidate half{Kernel::kHalf, Algorithm::kHalf, any};
  const Candidate publish{Kernel::kPublish, Algorithm::kDirect, any};
  const Candidate read{Kernel::kRead, Algorithm::kDirect, any};
  const bool reads = readingPays(context, collective).holds(bytes);
  const size_t flatBytes = context.rankCount == 2 ? kFlatBytesOfTwo : kFlatBytes;
  const size_t tinyBytes = context.oversubscribed ? kTinyBytesOversubscribed : kTinyBytes;
  switch (collective) {
    case Collective::kAllReduce:
      if (bytes <= tinyBytes) return {tiny, flat, half};
      if (bytes <= flatBytes) return {flat, half, tiny};
      return {half, flat, tiny};
    case Collective::kAllGather:
      if (bytes <= tinyBytes) return {tiny, publish, read};
      return reads ? Candidates{read, publish, tiny} : Candidates{publish, read, tiny};
    case Collective::kAllToAll:
      if (bytes <= tinyBytes / ranks) return {tinyBlocks, publish, read};
      return reads ? Candidates{read, publish, tinyBlocks} : Candidates{publish, read, tinyBlocks};
    case Collective::kReduceScatter:
      if (bytes <= tinyBytes / ranks) return {tinyBlocks, publish};
      return {publish, tinyBlocks};
    case Collective::kReduce:
      // The root does all arithmetic.
      if (context.rankCount > kFewRanks && bytes > kRingBytes) return {ring, read, publish};
      return reads ? Candidates{read, publish} : Candidates{publish, read};
    case Collective::kBroadcast:
    case Collective::kGather:
    case Collective::kScatter:
      return reads ? Candidates{read, publish} : Candidates{publish, read};
    case Collective::kBarrier:
      return {tiny};
    case Collective::kSend:
    case Collective::kRecv:
      break;
  }
  return {};
}

// For data over channels.
Algorithm preferred(const PlanContext& context, Collective collective, size_t bytes) {
  const bool isShort = bytes <= kRingBytes;
  const bool few = context.rankCount <= kFewRanks;
  // With pieces below this a ring of many ranks only pays latencies. A power of two, see plan.h.
  const size_t ringPieces = 1024 * std::bit_ceil(static_cast<size_t>(context.rankCount));
  switch (collective) {
    case Collective::kAllReduce:
      if (context.rankCount == 2 && !isShort) return Algorithm::kHalf;
      if (isShort) return Algorithm::kRecursiveDoubling;
      return bytes <= ringPieces ? Algorithm::kRecursiveDoubling : Algorithm::kRing;
    case Collective::kAllGather:
      return isShort ? Algorithm::kRecursiveDoubling : Algorithm::kRing;
    case Collective::kBroadcast:
      if (!isShort) return Algorithm::kRing;
      return few ? Algorithm::kDirect : Algorithm::kBinomial;
    case Collective::kReduce:
      if (!isShort || context.rankCount == 2) return Algorithm::kRing;
      return few ? Algorithm::kDirect : Algorithm::kBinomial;
    case Collective::kReduceScatter:
      if (!isShort || context.rankCount == 2) return Algorithm::kRing;
      return few ? Algorithm::kDirect : Algorithm::kRabenseifner;
    case Collective::kAllToAll:
      if (few) return Algorithm::kDirect;
      return bytes <= 256 ? Algorithm::kBruck : Algorithm::kPairwise;
    case Collective::kGather:
    case Collective::kScatter:
      return few || !isShort ? Algorithm::kDirect : Algorithm::kBinomial;
    case Collective::kBarrier:
      return Algorithm::kRecursiveDoubling;
    case Collective::kSend:
    case Collective::kRecv:
      break;
  }
  return Algorithm::kDirect;
}

// The best of those that the rules allow, as far as somebody can say: the simulator where there is
// a topology, else thresholds.
Algorithm bestOverChannels(const PlanContext& context, const ChoiceRules& rules,
                           Collective collective, size_t bytes) {
  const Algorithm usual = preferred(context, collective, bytes);
  if (!context.topology) return usual;
  std::vector<Algorithm> allowed{usual};
  for (const Algorithm algorithm : algo::kAllAlgorithms) {
    if (algorithm != usual) allowed.push_back(algorithm);
  }
  std::erase_if(allowed, [&](Algorithm algorithm) {
    return !algo::supports(algorithm, collective) || !rules.allows(collective, algorithm);
  });
  // All sizes of a class share the choice: that of the largest.
  const size_t largest = std::bit_ceil(std::max<size_t>(bytes, 1));
  return fastest(*context.topology, allowed, collective, context.rankCount, largest,
                 context.messageBytes)
      .value_or(usual);
}

// The best one, then all others that there are, for whoever forces one.
std::vector<Candidate> laneCandidates(const PlanContext& context, const ChoiceRules& rules,
                                      Collective collective, size_t bytes) {
  std::vector<Candidate> candidates;
  candidates.push_back(
      {Kernel::kLanes, bestOverChannels(context, rules, collective, bytes), ~size_t{0}});
  for (const Algorithm algorithm : algo::kAllAlgorithms)
    candidates.push_back({Kernel::kLanes, algorithm, ~size_t{0}});
  return candidates;
}

// `what`: the schedule and the kernel that runs it.
uint64_t planId(const PlanContext& context, uint64_t what) {
  const uint64_t where = static_cast<uint64_t>(context.rankCount) << 32 | context.slotBytes;
  const uint64_t machine = context.topology ? context.topology->fingerprint : 0;
  return mixHash(mixHash(mixHash(mixHash(what, where), context.messageBytes), machine),
                 kKernelVersion);
}

}  // namespace

std::string_view Plan::algorithmName() const {
  return file != nullptr ? std::string_view(file->schedule.name) : algo::name(algorithm);
}

Plan planOf(const PlanContext& context, const PlanFile& file) {
  return {Kernel::kLanes, algo::Algorithm::kDirect, &file, planId(context, file.digest)};
}

Plan planOfSwitch(const PlanContext& context, Collective collective) {
  const uint64_t what = static_cast<uint64_t>(collective) << 16 |
                        static_cast<uint64_t>(Kernel::kSwitch) << 8 |
                        static_cast<uint64_t>(Algorithm::kInNetwork);
  return {Kernel::kSwitch, Algorithm::kInNetwork, nullptr, planId(context, what)};
}

std::string_view name(Kernel kernel) {
  if (kernel == Kernel::kSwitch) return "switch";
  for (const auto& [value, word] : kKernels) {
    if (value == kernel) return word;
  }
  return "unknown kernel";
}

Result<ChoiceRules> ChoiceRules::parse(const std::string& algorithms,
                                       const std::string& protocols) {
  ChoiceRules rules;
  INCCL_TRY(parseRules("INCCL_ALGO", algorithms, kAlgorithms, rules.algorithms_.data()));
  INCCL_TRY(parseRules("INCCL_PROTO", protocols, kKernels, rules.kernels_.data()));
  return rules;
}

Result<ChoiceRules> ChoiceRules::parseForCall(const std::string& words) {
  ChoiceRules rules;
  if (words.empty()) return rules;
  std::string_view text = words;
  const bool exclude = text.starts_with('^');
  if (exclude) text.remove_prefix(1);
  uint32_t algorithms = 0, kernels = 0;
  for (const std::string_view word : split(text, ',')) {
    const auto algorithm = lookUp(kAlgorithms, word);
    const auto kernel = lookUp(kKernels, word);
    if (!algorithm && !kernel)
      return invalidArgument(fmt::format("algSelection: '{}' is unknown; known are{}{}", word,
                                         listOf(kAlgorithms), listOf(kKernels)));
    // "half" is both, a schedule and the kernel that runs it: wanted, the schedule counts, which
    // any kernel may run; excluded, both.
    if (algorithm) algorithms |= 1u << static_cast<uint32_t>(*algorithm);
    if (kernel && (exclude || !algorithm)) kernels |= 1u << static_cast<uint32_t>(*kernel);
  }
  const auto apply = [exclude](uint32_t mask, auto& masks) {
    if (mask != 0) masks.fill(exclude ? ~mask : mask);
  };
  apply(algorithms, rules.algorithms_);
  apply(kernels, rules.kernels_);
  return rules;
}

SwitchChoice ChoiceRules::takesSwitch(Collective collective) const {
  const uint32_t mask = algorithms_[static_cast<int>(collective)];
  if (mask == ~0u) return SwitchChoice::kFree;
  return (mask & kSwitchBit) != 0 ? SwitchChoice::kForced : SwitchChoice::kNever;
}

bool ChoiceRules::allows(Collective collective, Algorithm algorithm) const {
  if (algorithms_[static_cast<int>(collective)] == kSwitchBit) return true;
  return algorithms_[static_cast<int>(collective)] >> static_cast<uint32_t>(algorithm) & 1;
}

bool ChoiceRules::allows(Collective collective, Kernel kernel) const {
  return kernels_[static_cast<int>(collective)] >> static_cast<uint32_t>(kernel) & 1;
}

Result<Plan> choosePlan(const PlanContext& context, const ChoiceRules& rules, Collective collective,
                        size_t bytes) {
  const auto fits = [&](const Candidate& candidate) {
    if (candidate.kernel == Kernel::kRead && !context.readsMemory) return false;
    return bytes <= candidate.mostBytes && algo::supports(candidate.algorithm, collective) &&
           rules.allows(collective, candidate.algorithm) &&
           rules.allows(collective, candidate.kernel);
  };
  const auto planOfFirst = [&](const std::vector<Candidate>& candidates) -> std::optional<Plan> {
    const auto first = std::ranges::find_if(candidates, fits);
    if (first == candidates.end()) return std::nullopt;
    const uint64_t what = static_cast<uint64_t>(collective) << 16 |
                          static_cast<uint64_t>(first->kernel) << 8 |
                          static_cast<uint64_t>(first->algorithm);
    return Plan{first->kernel, first->algorithm, nullptr, planId(context, what)};
  };
  if (context.allShareMemory) {
    if (const auto plan = planOfFirst(sharedCandidates(context, collective, bytes))) return *plan;
  }
  if (rules.allows(collective, Kernel::kLanes)) {
    if (const auto plan = planOfFirst(laneCandidates(context, rules, collective, bytes)))
      return *plan;
  }
  return invalidUsage(
      fmt::format("INCCL_ALGO and INCCL_PROTO leave no way to do {} of {} bytes on {} ranks",
                  name(collective), bytes, context.rankCount));
}

}  // namespace inccl::comm

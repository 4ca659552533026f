#include "algo/algorithm.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "algo/generators.h"
#include "schedule/builder.h"
#include "schedule/validate.h"

namespace inccl::algo {
namespace {

using schedule::Schedule;

// What is asked of a generator, checked.
struct Request {
  int n;
  int root;
  const Options& options;
};

struct Generator {
  Algorithm algorithm;
  Collective collective;
  Result<Schedule> (*make)(const Request&);
};

using Asked = const Request&;
using enum Algorithm;
using enum Collective;

// Every algorithm's form of every collective that it has.
constexpr Generator kGenerators[] = {
    {kRing, kAllReduce, [](Asked it) { return ringAllReduce(it.n, it.options.channels); }},
    {kRing, kAllGather, [](Asked it) { return ringAllGather(it.n); }},
    {kRing, kBroadcast, [](Asked it) { return ringBroadcast(it.n, it.root, it.options.pieces); }},
    {kRing, kReduce, [](Asked it) { return ringReduce(it.n, it.root, it.options.pieces); }},
    {kRing, kReduceScatter, [](Asked it) { return ringReduceScatter(it.n); }},

    {kRecursiveDoubling, kAllReduce, [](Asked it) { return recursiveDoublingAllReduce(it.n); }},
    {kRecursiveDoubling, kAllGather,
     [](Asked it) { return bruckAllGather("recursive_doubling", it.n); }},
    {kRecursiveDoubling, kBroadcast,
     [](Asked it) { return recursiveDoublingBroadcast(it.n, it.root); }},
    {kRecursiveDoubling, kBarrier, [](Asked it) { return recursiveDoublingBarrier(it.n); }},

    {kDirect, kAllReduce, [](Asked it) { return directAllReduce(it.n); }},
    {kDirect, kAllGather, [](Asked it) { return directAllGather(it.n); }},
    {kDirect, kBroadcast, [](Asked it) { return directBroadcast(it.n, it.root); }},
    {kDirect, kBarrier, [](Asked it) { return directBarrier(it.n); }},
    {kDirect, kReduce, [](Asked it) { return directReduce(it.n, it.root); }},
    {kDirect, kReduceScatter, [](Asked it) { return directReduceScatter(it.n); }},
    {kDirect, kAllToAll, [](Asked it) { return directAllToAll(it.n); }},
    {kDirect, kGather, [](Asked it) { return directGather(it.n, it.root); }},
    {kDirect, kScatter, [](Asked it) { return directScatter(it.n, it.root); }},

    {kHalf, kAllReduce, [](Asked it) { return halfAllReduce(it.n); }},

    {kTree, kAllReduce, [](Asked it) { return treeAllReduce(it.n, it.options.pieces); }},
    {kTree, kReduce, [](Asked it) { return treeReduce(it.n, it.root, it.options.pieces); }},
    {kTree, kBroadcast, [](Asked it) { return treeBroadcast(it.n, it.root, it.options.pieces); }},
    {kDoubleTree, kAllReduce,
     [](Asked it) { return doubleTreeAllReduce(it.n, it.options.pieces); }},
    {kDoubleTree, kReduce,
     [](Asked it) { return doubleTreeReduce(it.n, it.root, it.options.pieces); }},
    {kDoubleTree, kBroadcast,
     [](Asked it) { return doubleTreeBroadcast(it.n, it.root, it.options.pieces); }},

    {kBinomial, kReduce, [](Asked it) { return knomialReduce("binomial", it.n, it.root, 2); }},
    {kBinomial, kBroadcast,
     [](Asked it) { return knomialBroadcast("binomial", it.n, it.root, 2); }},
    {kBinomial, kGather, [](Asked it) { return knomialGather("binomial", it.n, it.root, 2); }},
    {kBinomial, kScatter, [](Asked it) { return knomialScatter("binomial", it.n, it.root, 2); }},
    {kKnomial, kReduce,
     [](Asked it) { return knomialReduce("knomial", it.n, it.root, it.options.radix); }},
    {kKnomial, kBroadcast,
     [](Asked it) { return knomialBroadcast("knomial", it.n, it.root, it.options.radix); }},
    {kKnomial, kGather,
     [](Asked it) { return knomialGather("knomial", it.n, it.root, it.options.radix); }},
    {kKnomial, kScatter,
     [](Asked it) { return knomialScatter("knomial", it.n, it.root, it.options.radix); }},

    {kRabenseifner, kAllReduce, [](Asked it) { return rabenseifnerAllReduce(it.n); }},
    {kRabenseifner, kReduceScatter, [](Asked it) { return rabenseifnerReduceScatter(it.n); }},
    {kPat, kAllGather, [](Asked it) { return patAllGather(it.n); }},
    {kPat, kReduceScatter, [](Asked it) { return patReduceScatter(it.n); }},
    {kBruck, kAllGather, [](Asked it) { return bruckAllGather("bruck", it.n); }},
    {kBruck, kAllToAll, [](Asked it) { return bruckAllToAll(it.n); }},
    {kPairwise, kAllToAll, [](Asked it) { return pairwiseAllToAll(it.n); }},
    {kInNetwork, kAllReduce,
     [](Asked it) { return inNetworkAllReduce(it.n, it.options.switchId); }},
    {kInNetwork, kReduce,
     [](Asked it) { return inNetworkReduce(it.n, it.root, it.options.switchId); }},
    {kInNetwork, kBroadcast,
     [](Asked it) { return inNetworkBroadcast(it.n, it.root, it.options.switchId); }},
    {kInNetwork, kReduceScatter,
     [](Asked it) { return inNetworkReduceScatter(it.n, it.options.switchId); }},
    {kInNetwork, kAllGather,
     [](Asked it) { return inNetworkAllGather(it.n, it.options.switchId); }},
    {kTwoLevel, kAllReduce, [](Asked it) { return twoLevelAllReduce(it.n, it.options.hosts); }},
};

const Generator* find(Algorithm algorithm, Collective collective) {
  const auto* const found =
      std::find_if(std::begin(kGenerators), std::end(kGenerators), [&](const Generator& it) {
        return it.algorithm == algorithm && it.collective == collective;
      });
  return found == std::end(kGenerators) ? nullptr : found;
}

// With one rank there is nothing to do but to copy, whatever the algorithm.
Result<Schedule> generateAlone(Algorithm algorithm, Collective collective) {
  schedule::ScheduleBuilder alone(std::string(name(algorithm)), collective, 1);
  if (isRooted(collective)) alone.root(0);
  if (collective == Collective::kBarrier) return std::move(alone).build();
  alone.chunks(1, 1);  // one block is all there is
  alone.lane(0, 0).copy(schedule::input(0), schedule::output(0));
  return std::move(alone).build();
}

Status checkOptions(const Options& options) {
  if (options.channels < 1 || options.channels > static_cast<int>(schedule::kMaxChunks))
    return invalidArgument(fmt::format("{} channels", options.channels));
  if (options.radix < 2) return invalidArgument(fmt::format("radix {} is below 2", options.radix));
  if (options.pieces > schedule::kMaxChunks)
    return invalidArgument(fmt::format("{} pieces", options.pieces));
  return {};
}

}  // namespace

std::string_view name(Algorithm algorithm) {
  switch (algorithm) {
    case Algorithm::kRing:
      return "ring";
    case Algorithm::kRecursiveDoubling:
      return "recursive_doubling";
    case Algorithm::kDirect:
      return "direct";
    case Algorithm::kHalf:
      return "half";
    case Algorithm::kTree:
      return "tree";
    case Algorithm::kDoubleTree:
      return "double_tree";
    case Algorithm::kBinomial:
      return "binomial";
    case Algorithm::kKnomial:
      return "knomial";
    case Algorithm::kRabenseifner:
      return "rabenseifner";
    case Algorithm::kPat:
      return "pat";
    case Algorithm::kBruck:
      return "bruck";
    case Algorithm::kPairwise:
      return "pairwise";
    case Algorithm::kTwoLevel:
      return "two_level";
    case Algorithm::kInNetwork:
      return "ina";
  }
  return "unknown algorithm";
}

std::optional<Algorithm> parseAlgorithm(std::string_view text) {
  if (text == "rd") return Algorithm::kRecursiveDoubling;
  for (const Algorithm algorithm : kAllAlgorithms) {
    if (name(algorithm) == text) return algorithm;
  }
  if (text == name(Algorithm::kInNetwork)) return Algorithm::kInNetwork;
  return std::nullopt;
}

bool supports(Algorithm algorithm, Collective collective) {
  return find(algorithm, collective) != nullptr;
}

Result<Schedule> generate(Algorithm algorithm, Collective collective, int rankCount, int root,
                          const Options& options) {
  const Generator* const generator = find(algorithm, collective);
  if (generator == nullptr)
    return invalidArgument(
        fmt::format("the algorithm {} has no {}", name(algorithm), inccl::name(collective)));
  if (rankCount < 1 || rankCount > schedule::kMaxRanks)
    return invalidArgument(
        fmt::format("rank count {} is not in 1 … {}", rankCount, schedule::kMaxRanks));
  if (isRooted(collective) && (root < 0 || root >= rankCount))
    return invalidArgument(fmt::format("root {} is not in 0 … {}", root, rankCount - 1));
  INCCL_TRY(checkOptions(options));
  if (rankCount == 1) return generateAlone(algorithm, collective);
  return generator->make({rankCount, root, options});
}

}  // namespace inccl::algo

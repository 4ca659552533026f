#include "algo/algorithm.h"

#include <fmt/format.h>

#include "algo/generators.h"
#include "schedule/builder.h"
#include "schedule/validate.h"

namespace inccl::algo {
namespace {

using schedule::Schedule;

bool isRooted(Collective collective) { return collective == Collective::kBroadcast; }

// With one rank there is nothing to do but to copy, whatever the algorithm.
Result<Schedule> generateAlone(Algorithm algorithm, Collective collective) {
  schedule::ScheduleBuilder alone(std::string(name(algorithm)), collective, 1);
  if (isRooted(collective)) alone.root(0);
  if (collective == Collective::kBarrier) return std::move(alone).build();
  alone.chunks(1, 1);
  alone.lane(0, 0).copy(schedule::input(0), schedule::output(0));
  return std::move(alone).build();
}

Result<Schedule> generateRing(Collective collective, int rankCount, int root) {
  switch (collective) {
    case Collective::kAllReduce:
      return ringAllReduce(rankCount);
    case Collective::kAllGather:
      return ringAllGather(rankCount);
    case Collective::kBroadcast:
      return ringBroadcast(rankCount, root);
    case Collective::kBarrier:
    case Collective::kSend:
    case Collective::kRecv:
      break;
  }
  return internalError("ring: no such collective");
}

Result<Schedule> generateRecursiveDoubling(Collective collective, int rankCount, int root) {
  switch (collective) {
    case Collective::kAllReduce:
      return recursiveDoublingAllReduce(rankCount);
    case Collective::kAllGather:
      return recursiveDoublingAllGather(rankCount);
    case Collective::kBroadcast:
      return recursiveDoublingBroadcast(rankCount, root);
    case Collective::kBarrier:
      return recursiveDoublingBarrier(rankCount);
    case Collective::kSend:
    case Collective::kRecv:
      break;
  }
  return internalError("recursive_doubling: no such collective");
}

Result<Schedule> generateDirect(Collective collective, int rankCount, int root) {
  switch (collective) {
    case Collective::kAllReduce:
      return directAllReduce(rankCount);
    case Collective::kAllGather:
      return directAllGather(rankCount);
    case Collective::kBroadcast:
      return directBroadcast(rankCount, root);
    case Collective::kBarrier:
      return directBarrier(rankCount);
    case Collective::kSend:
    case Collective::kRecv:
      break;
  }
  return internalError("direct: no such collective");
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
  }
  return "unknown algorithm";
}

std::optional<Algorithm> parseAlgorithm(std::string_view text) {
  if (text == "rd") return Algorithm::kRecursiveDoubling;
  for (const Algorithm algorithm : kAllAlgorithms) {
    if (name(algorithm) == text) return algorithm;
  }
  return std::nullopt;
}

bool supports(Algorithm algorithm, Collective collective) {
  const bool reduces = collective == Collective::kAllReduce;
  const bool moves = collective == Collective::kAllGather || collective == Collective::kBroadcast;
  const bool waits = collective == Collective::kBarrier;
  switch (algorithm) {
    case Algorithm::kRing:
      return reduces || moves;
    case Algorithm::kRecursiveDoubling:
    case Algorithm::kDirect:
      return reduces || moves || waits;
    case Algorithm::kHalf:
      return reduces;
  }
  return false;
}

Result<Schedule> generate(Algorithm algorithm, Collective collective, int rankCount, int root) {
  if (!supports(algorithm, collective))
    return invalidArgument(
        fmt::format("the algorithm {} has no {}", name(algorithm), inccl::name(collective)));
  if (rankCount < 1 || rankCount > schedule::kMaxRanks)
    return invalidArgument(
        fmt::format("rank count {} is not in 1 … {}", rankCount, schedule::kMaxRanks));
  if (isRooted(collective) && (root < 0 || root >= rankCount))
    return invalidArgument(fmt::format("root {} is not in 0 … {}", root, rankCount - 1));
  if (rankCount == 1) return generateAlone(algorithm, collective);
  switch (algorithm) {
    case Algorithm::kRing:
      return generateRing(collective, rankCount, root);
    case Algorithm::kRecursiveDoubling:
      return generateRecursiveDoubling(collective, rankCount, root);
    case Algorithm::kDirect:
      return generateDirect(collective, rankCount, root);
    case Algorithm::kHalf:
      return halfAllReduce(rankCount);
  }
  return internalError("unknown algorithm");
}

}  // namespace inccl::algo

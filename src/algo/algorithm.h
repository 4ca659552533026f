// The classic algorithms, by name, and how many messages follow one after the other in each.
// docs/algorithms.md has steps and bytes in full.
//
//                     all   broad- reduce reduce- all    all to gather,  barrier
//                    reduce  cast         scatter gather  all   scatter
//   ring                x      x      x      x      x                              n-1, 2(n-1)
//   recursive_doubling  x      x                    x                     x        log n
//   direct              x      x      x      x      x      x      x       x        1
//   half                x                                                          2
//   tree                x      x      x                                            log n, 2 log n
//   double_tree         x      x      x                                            log n, 2 log n
//   binomial                   x      x                           x                log n
//   knomial                    x      x                           x                log_k n
//   rabenseifner        x                    x                                     log n, 2 log n
//   pat                                      x      x                              log n
//   bruck                                           x      x                       log n
//   pairwise                                               x                       n-1
//   two_level           x                                                          2 hosts
//   ina                 x      x      x      x      x                              1
//
// Which one is best for a size and a network is the planner's question, not answered here.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/op_signature.h"
#include "base/status.h"
#include "schedule/schedule.h"

namespace inccl::algo {

enum class Algorithm {
  kRing,
  kRecursiveDoubling,
  kDirect,
  kHalf,
  kTree,
  kDoubleTree,
  kBinomial,
  kKnomial,
  kRabenseifner,
  kPat,
  kBruck,
  kPairwise,
  kTwoLevel,
  kInNetwork,  // a switch does it, and not the ranks over channels
};

// Those that ranks run over channels.
inline constexpr Algorithm kAllAlgorithms[] = {
    Algorithm::kRing,         Algorithm::kRecursiveDoubling,
    Algorithm::kDirect,       Algorithm::kHalf,
    Algorithm::kTree,         Algorithm::kDoubleTree,
    Algorithm::kBinomial,     Algorithm::kKnomial,
    Algorithm::kRabenseifner, Algorithm::kPat,
    Algorithm::kBruck,        Algorithm::kPairwise,
    Algorithm::kTwoLevel};

// What some algorithms can be told. The defaults fit every number of ranks.
struct Options {
  int channels = 1;     // ring all-reduce: rings side by side, every other one backwards
  int radix = 4;        // knomial: children that a rank serves at a time, plus itself
  uint32_t pieces = 0;  // tree, double_tree, ring broadcast and reduce: 0 = their own number
  std::vector<std::vector<int>> hosts{};  // two_level: the ranks of each; empty = a square
  std::string switchId = "switch";        // ina: the node of the topology that sums
};

std::string_view name(Algorithm algorithm);
// The name, or "rd" for recursive_doubling.
std::optional<Algorithm> parseAlgorithm(std::string_view text);

bool supports(Algorithm algorithm, Collective collective);

// `root` counts for rooted collectives only. kInvalidArgument when the algorithm has no such
// collective, or rank count, root or options make no sense.
Result<schedule::Schedule> generate(Algorithm algorithm, Collective collective, int rankCount,
                                    int root = -1, const Options& options = {});

}  // namespace inccl::algo

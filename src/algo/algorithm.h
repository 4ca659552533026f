// The classic algorithms, by name.
//
//                       all_reduce  broadcast  all_gather  barrier   messages one after the other
//   ring                    x           x          x                 n - 1 or 2(n - 1), short ones
//   recursive_doubling      x           x          x          x      log2 n
//   direct                  x           x          x          x      1
//   half                    x                                        2
//
// Which one is best for a size and a network is the planner's question, not answered here.
#pragma once

#include <optional>
#include <string_view>

#include "base/op_signature.h"
#include "base/status.h"
#include "schedule/schedule.h"

namespace inccl::algo {

enum class Algorithm { kRing, kRecursiveDoubling, kDirect, kHalf };

inline constexpr Algorithm kAllAlgorithms[] = {Algorithm::kRing, Algorithm::kRecursiveDoubling,
                                               Algorithm::kDirect, Algorithm::kHalf};

std::string_view name(Algorithm algorithm);
// The name, or "rd" for recursive_doubling.
std::optional<Algorithm> parseAlgorithm(std::string_view text);

bool supports(Algorithm algorithm, Collective collective);

// `root` counts for rooted collectives only. kInvalidArgument when the algorithm has no such
// collective, or rank count or root make no sense.
Result<schedule::Schedule> generate(Algorithm algorithm, Collective collective, int rankCount,
                                    int root = -1);

}  // namespace inccl::algo

// One function for each algorithm and collective, each explained where it is written. Arguments
// have been checked (algorithm.cc): two ranks at least, a root that exists.
#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "schedule/schedule.h"

namespace inccl::algo {

// `pieces` 0: the algorithm's own number.
Result<schedule::Schedule> ringAllReduce(int rankCount, int channels);
Result<schedule::Schedule> ringAllGather(int rankCount);
Result<schedule::Schedule> ringBroadcast(int rankCount, int root, uint32_t pieces);
Result<schedule::Schedule> ringReduce(int rankCount, int root, uint32_t pieces);
Result<schedule::Schedule> ringReduceScatter(int rankCount);

Result<schedule::Schedule> recursiveDoublingAllReduce(int rankCount);
Result<schedule::Schedule> recursiveDoublingBroadcast(int rankCount, int root);
Result<schedule::Schedule> recursiveDoublingBarrier(int rankCount);

Result<schedule::Schedule> directAllReduce(int rankCount);
Result<schedule::Schedule> directAllGather(int rankCount);
Result<schedule::Schedule> directBroadcast(int rankCount, int root);
Result<schedule::Schedule> directBarrier(int rankCount);
Result<schedule::Schedule> directReduce(int rankCount, int root);
Result<schedule::Schedule> directReduceScatter(int rankCount);
Result<schedule::Schedule> directAllToAll(int rankCount);
Result<schedule::Schedule> directGather(int rankCount, int root);
Result<schedule::Schedule> directScatter(int rankCount, int root);

Result<schedule::Schedule> halfAllReduce(int rankCount);

Result<schedule::Schedule> treeAllReduce(int rankCount, uint32_t pieces);
Result<schedule::Schedule> treeReduce(int rankCount, int root, uint32_t pieces);
Result<schedule::Schedule> treeBroadcast(int rankCount, int root, uint32_t pieces);
Result<schedule::Schedule> doubleTreeAllReduce(int rankCount, uint32_t pieces);
Result<schedule::Schedule> doubleTreeReduce(int rankCount, int root, uint32_t pieces);
Result<schedule::Schedule> doubleTreeBroadcast(int rankCount, int root, uint32_t pieces);

// Of radix 2 they are called binomial.
Result<schedule::Schedule> knomialReduce(std::string name, int rankCount, int root, int radix);
Result<schedule::Schedule> knomialBroadcast(std::string name, int rankCount, int root, int radix);
Result<schedule::Schedule> knomialGather(std::string name, int rankCount, int root, int radix);
Result<schedule::Schedule> knomialScatter(std::string name, int rankCount, int root, int radix);

Result<schedule::Schedule> rabenseifnerAllReduce(int rankCount);
Result<schedule::Schedule> rabenseifnerReduceScatter(int rankCount);

Result<schedule::Schedule> patAllGather(int rankCount);
Result<schedule::Schedule> patReduceScatter(int rankCount);

// The all-gather is recursive doubling's too, which has no other one for every n.
Result<schedule::Schedule> bruckAllGather(std::string name, int rankCount);
Result<schedule::Schedule> bruckAllToAll(int rankCount);
Result<schedule::Schedule> pairwiseAllToAll(int rankCount);

// `hosts`: the ranks of each; empty: about as many hosts as ranks on each.
Result<schedule::Schedule> twoLevelAllReduce(int rankCount,
                                             const std::vector<std::vector<int>>& hosts);

// in_network.cc
Result<schedule::Schedule> inNetworkAllReduce(int rankCount, const std::string& switchId);
Result<schedule::Schedule> inNetworkReduce(int rankCount, int root, const std::string& switchId);
Result<schedule::Schedule> inNetworkBroadcast(int rankCount, int root, const std::string& switchId);
Result<schedule::Schedule> inNetworkReduceScatter(int rankCount, const std::string& switchId);
Result<schedule::Schedule> inNetworkAllGather(int rankCount, const std::string& switchId);

}  // namespace inccl::algo

// MSCCL XML as other tools write it: plans for any number of ranks, in the shapes of their
// examples.
#pragma once

#include <string>
#include <vector>

#include "base/op_signature.h"

namespace inccl::test {

struct MscclSample {
  std::string name;
  Collective collective = Collective::kAllReduce;
  int ranks = 0;
  int root = -1;
  std::string xml;
};

// In place, all in the input: s, rrs, rrcs, rcs, r around a ring, once per channel.
MscclSample mscclRingAllReduce(int ranks, int channels);
// In place: everybody sends each chunk to its owner, who sums by `re` behind nops and sends back.
MscclSample mscclAllPairsAllReduce(int ranks);
// `hosts` × `perHost`: across the hosts first, then inside, several chunks a step.
MscclSample mscclHierarchicalAllGather(int hosts, int perHost);
// `hosts` × `perHost`: gathered for a host in scratch, sent on in one step of many chunks.
MscclSample mscclTwoStepAllToAll(int hosts, int perHost);
// In place by rrc into the input, as ring reduce-scatters are written.
MscclSample mscclRingReduceScatter(int ranks);
// A chain that does not say its root.
MscclSample mscclChainBroadcast(int ranks, int root);
MscclSample mscclChainReduce(int ranks, int root);

// All of these that there are for `ranks`.
std::vector<MscclSample> mscclSamples(int ranks);

}  // namespace inccl::test

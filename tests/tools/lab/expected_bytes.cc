// What the simulator says that one call puts on each link of a topology: "src dst bytes", a line
// for each link that carries something.
//
//   tools_lab_expected_bytes TOPOLOGY ALGORITHM BYTES
#include <cstdio>
#include <cstdlib>

#include "comm/planner.h"
#include "sim/simulator.h"
#include "topo/topology_json.h"

namespace {

using namespace inccl;

Status print(const char* path, const char* word, uint64_t bytes) {
  INCCL_TRY_ASSIGN(topo::Topology loaded, topo::load(path));
  const int ranks = loaded.rankCount();
  INCCL_TRY_ASSIGN(const auto agreed, comm::AgreedTopology::of(std::move(loaded), ranks));
  const auto algorithm = algo::parseAlgorithm(word);
  if (!algorithm) return invalidArgument("no such algorithm");
  INCCL_TRY_ASSIGN(const auto schedule,
                   comm::generateFor(&agreed, *algorithm, Collective::kAllReduce, ranks, -1));
  const sim::Workload workload{.bytes = bytes, .messageBytes = 65536, .elementBytes = 4};
  INCCL_TRY_ASSIGN(const auto report, sim::simulate(schedule, agreed.topology, workload));
  for (size_t link = 0; link < report.links.size(); ++link) {
    const topo::Link& at = agreed.topology.links[link];
    if (report.links[link].bytes > 0)
      std::printf("%s %s %llu\n", agreed.topology.nodes[at.src].id.c_str(),
                  agreed.topology.nodes[at.dst].id.c_str(),
                  static_cast<unsigned long long>(report.links[link].bytes));
  }
  return {};
}

}  // namespace

int main(int count, char** words) {
  if (count != 4) return 2;
  const Status status = print(words[1], words[2], std::strtoull(words[3], nullptr, 10));
  if (!status.ok()) std::fprintf(stderr, "%s\n", std::string(status.message()).c_str());
  return status.ok() ? 0 : 1;
}

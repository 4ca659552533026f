// The trace is JSON that a viewer reads, and says the same as the report.
#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>

#include "algo/algorithm.h"
#include "sample_machines.h"
#include "sim/simulator.h"

namespace inccl::sim {
namespace {

using Json = nlohmann::json;

TEST(TraceTest, HasEveryStepAndTransfer) {
  const auto ring = algo::generate(algo::Algorithm::kRing, Collective::kAllReduce, 3).value();
  topo::Topology machine = star(3, topo::Rate::gbps(1), kUs);
  machine.nodes[3].id = "a \"quoted\" switch";
  const Report report =
      simulate(ring, machine, {.bytes = 3000, .messageBytes = 500, .trace = true}).value();
  ASSERT_EQ(report.slices, 2u);
  const Json trace = Json::parse(report.trace);
  size_t steps = 0, transfers = 0;
  double last = 0;
  std::map<size_t, uint64_t> bytesOfLink;
  for (const Json& event : trace["traceEvents"]) {
    if (event["ph"] != "X") continue;
    EXPECT_GE(event["dur"].get<double>(), 0);
    last = std::max(last, event["ts"].get<double>() + event["dur"].get<double>());
    const bool isTransfer = event["name"] == "transfer";
    ++(isTransfer ? transfers : steps);
    EXPECT_EQ(event["pid"] == 3, isTransfer);
    if (isTransfer) bytesOfLink[event["tid"]] += event["args"]["bytes"].get<uint64_t>();
  }
  EXPECT_EQ(steps, 2u * 3 * 5);
  EXPECT_EQ(transfers, 2u * 3 * 4 * 2);
  for (size_t link = 0; link < report.links.size(); ++link)
    EXPECT_EQ(bytesOfLink[link], report.links[link].bytes);
  EXPECT_DOUBLE_EQ(last, static_cast<double>(report.total) / kUs);
}

TEST(TraceTest, IsThereOnlyWhenAskedFor) {
  const auto ring = algo::generate(algo::Algorithm::kRing, Collective::kAllReduce, 3).value();
  EXPECT_EQ(simulate(ring, star(3, topo::Rate::gbps(1), kUs), {.bytes = 3000}).value().trace, "");
}

}  // namespace
}  // namespace inccl::sim

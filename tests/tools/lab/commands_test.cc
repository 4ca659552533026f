// The lines that iproute2 gets.
#include "lab/commands.h"

#include <gmock/gmock.h>

#include <algorithm>

#include "tools/lab/topologies.h"

namespace inccl::lab {
namespace {

using testing::Contains;
using testing::IsSupersetOf;

std::vector<std::string> linesFor(const Plan& plan, SpaceIndex space, const std::string& program) {
  std::vector<std::string> lines;
  for (const Batch& batch : batchesOf(plan, {"/n/a", "/n/b", "/n/s"}))
    if (batch.space == space && batch.program == program)
      for (const Command& command : batch.commands) lines.push_back(command.line);
  return lines;
}

TEST(LabCommandsTest, OfAHost) {
  const Plan plan = planned(pair());
  EXPECT_THAT(linesFor(plan, 0, "ip"),
              testing::ElementsAre(
                  "link add index 100 name eth0 address 02:00:00:00:00:02 type veth "
                  "peer index 101 name port0 address 02:00:00:00:00:03 netns /n/s",
                  "link set dev lo up", "link set dev eth0 up", "addr add 10.0.0.1/32 dev eth0",
                  "neigh replace 10.0.0.2 lladdr 02:00:00:00:00:04 dev eth0 nud permanent",
                  "neigh replace 10.0.0.3 lladdr 02:00:00:00:00:01 dev eth0 nud permanent",
                  "route add 10.0.0.2/32 dev eth0 src 10.0.0.1",
                  "route add 10.0.0.3/32 dev eth0 src 10.0.0.1"));
  EXPECT_THAT(linesFor(plan, 0, "tc"),
              Contains("qdisc add dev eth0 root tbf rate 62500000bps burst 1000000 limit 1250000"));
}

TEST(LabCommandsTest, OfASwitch) {
  const Plan plan = planned(pair());
  EXPECT_THAT(linesFor(plan, 2, "ip"),
              IsSupersetOf({"link add name bridge address 02:00:00:00:00:01 type bridge "
                            "stp_state 0 mcast_snooping 0",
                            "link set dev port1 master bridge"}));
  EXPECT_THAT(linesFor(plan, 2, "bridge"),
              IsSupersetOf({"link set dev port0 learning off flood off mcast_flood off "
                            "bcast_flood off",
                            "fdb replace 02:00:00:00:00:04 dev port1 master static"}));
}

TEST(LabCommandsTest, EveryLineSaysWhatItIsAbout) {
  for (const Batch& batch : batchesOf(planned(circle(4)), {"0", "1", "2", "3"}))
    for (const Command& command : batch.commands) EXPECT_NE(command.about, "") << command.line;
}

TEST(LabCommandsTest, InterfaceNamesFit) {
  topo::Topology topology = pair();
  topology.nodes[1].id = topology.nodes[0].host = std::string(200, 'x');
  for (const Space& space : planned(topology).spaces)
    for (const Interface& interface : space.interfaces) EXPECT_LT(interface.name.size(), 16u);
}

TEST(LabCommandsTest, OnlyHostsBetweenOthersForward) {
  const auto forwards = [](const Space& space) {
    const auto settings = settingsOf(space);
    return std::ranges::any_of(settings,
                               [](const Setting& s) { return s.path == "ipv4/ip_forward"; });
  };
  for (const Space& space : planned(circle(3)).spaces) EXPECT_TRUE(forwards(space));
  for (const Space& space : planned(pair()).spaces) EXPECT_FALSE(forwards(space));
}

}  // namespace
}  // namespace inccl::lab

// What a program builds is held to the same list as what a file says.
#include "topo/validate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "topo/machines.h"

namespace inccl::topo {
namespace {

using ::testing::HasSubstr;

TEST(ValidateTest, AcceptsMachinesAndNothing) {
  EXPECT_TRUE(validate({}).ok());
  EXPECT_TRUE(validate(oneHost(4)).ok());
  EXPECT_TRUE(validate(hostsWithSwitch(3, 2).value()).ok());
  for (const int n : {1, 2, 3, 8}) EXPECT_TRUE(validate(ring(n, Rate::gbps(1), 5)).ok());
}

TEST(ValidateTest, NamesEachDefect) {
  struct Damage {
    std::function<void(Topology&)> break_;
    std::string_view message;
  };
  const Damage damages[] = {
      {[](Topology& t) { t.nodes[1].id = ""; }, "nodes[1]: has an empty id"},
      {[](Topology& t) { t.nodes[1].id = std::string(300, 'x'); }, "nodes[1]: has an id of more"},
      {[](Topology& t) { t.nodes[2].id = "rank0"; }, "nodes[2] (rank0): nodes[1] has this id too"},
      {[](Topology& t) { t.nodes[2].rank = 0; },
       "nodes[2] (rank1): is rank 0, as is nodes[1] (rank0)"},
      {[](Topology& t) { t.nodes[2].rank = -1; }, "nodes[2] (rank1): rank -1 is not in 0"},
      {[](Topology& t) { t.nodes[2].rank = 1 << 20; }, "is not in 0 … 65535"},
      {[](Topology& t) { t.nodes[0].rank = 3; }, "nodes[0] (host0): a host has no rank number"},
      {[](Topology& t) { t.nodes[1].host = "hostX"; }, "there is no host \"hostX\""},
      {[](Topology& t) { t.nodes[0].reduce = true; }, "a host does not sum or replicate"},
      {[](Topology& t) { t.nodes[1].multicast = true; }, "a rank does not sum or replicate"},
      {[](Topology& t) { t.groups.push_back(t.groups[0]); },
       "groups[1] (host0.memory): groups[0] has this id too"},
      {[](Topology& t) { t.groups[0].id = ""; }, "groups[0]: has an empty id"},
      {[](Topology& t) { t.links[0].dst = 9; }, "links[0]: an end of it does not exist"},
      {[](Topology& t) { t.links[0].dst = t.links[0].src; }, "leads from a node to itself"},
      {[](Topology& t) { t.links.push_back(t.links[1]); },
       "links[4] (host0 -> rank0): links[1] joins the same nodes"},
      {[](Topology& t) { t.links[2].group = 1; }, "links[2] (rank1 -> host0): its group does not"},
      {[](Topology& t) { t.links[2].alpha = kForever; }, "takes for ever"},
  };
  for (const Damage& damage : damages) {
    Topology topology = oneHost(2);
    damage.break_(topology);
    const Status status = validate(topology);
    EXPECT_EQ(status.code(), Code::kInvalidArgument) << damage.message;
    EXPECT_THAT(std::string(status.message()), HasSubstr(std::string(damage.message)));
  }
}

TEST(ValidateTest, AHostMayHaveANameBesidesItsId) {
  Topology topology = oneHost(2);
  topology.nodes[0].host = "node17.example";
  topology.nodes[1].host = "node17.example";
  EXPECT_TRUE(validate(topology).ok());
}

TEST(ValidateTest, WithoutHostNodesAnyHostIsAName) {
  Topology topology = ring(3, Rate::gbps(1), 0);
  topology.nodes[0].host = "anything";
  EXPECT_TRUE(validate(topology).ok());
}

TEST(ValidateTest, RanksMustCountWithoutGaps) {
  Topology topology = oneHost(3);
  EXPECT_EQ(rankNodes(topology).value(), (std::vector<NodeIndex>{1, 2, 3}));
  EXPECT_THAT(std::string(rankNodes(topology, 4).status().message()),
              HasSubstr("has 3 ranks, 4 are needed"));
  topology.nodes[3].rank = 7;
  EXPECT_TRUE(validate(topology).ok());  // a fragment
  EXPECT_THAT(std::string(rankNodes(topology).status().message()),
              HasSubstr("nodes[3] (rank2) is rank 7, not in 0 … 2"));
  topology.nodes[3].rank = 0;
  EXPECT_THAT(std::string(rankNodes(topology).status().message()), HasSubstr("as is nodes[1]"));
}

}  // namespace
}  // namespace inccl::topo

// Every file of topologies/ is readable, says where its numbers come from, and joins all its ranks.
#include <gtest/gtest.h>

#include <filesystem>

#include "topo/canonical.h"
#include "topo/routes.h"
#include "topo/topology_json.h"

namespace inccl::topo {
namespace {

TEST(DataFilesTest, AreWhole) {
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(INCCL_TOPOLOGIES)) {
    if (entry.path().extension() != ".json") continue;
    ++files;
    const Result<Topology> topology = load(entry.path().string());
    ASSERT_TRUE(topology.ok()) << topology.status().message();
    EXPECT_EQ(topology.value().name, entry.path().stem().string());
    EXPECT_GE(topology.value().source.size(), 10u) << entry.path();
    EXPECT_TRUE(rankNodes(topology.value()).ok()) << entry.path();
    EXPECT_TRUE(checkConnected(topology.value(), {.throughRanks = true}).ok()) << entry.path();
    EXPECT_EQ(fromJson(toJson(topology.value())).value(), topology.value());
  }
  EXPECT_GE(files, 5);
}

}  // namespace
}  // namespace inccl::topo

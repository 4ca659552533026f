// What ranks are told of their lab, what people are told, and what the kernel tells.
#include "lab/report.h"

#include <gmock/gmock.h>

#include "lab/links.h"
#include "lab/rank_environment.h"
#include "tools/lab/topologies.h"

namespace inccl::lab {
namespace {

using testing::HasSubstr;
using testing::IsSupersetOf;
using testing::Pair;

TEST(LabEnvironmentTest, OfARank) {
  const Environment environment = rankEnvironment(planned(pair()), 1, {"lab", "hush", 4321});
  EXPECT_THAT(environment,
              IsSupersetOf({Pair("INCCL_RANK", "1"), Pair("INCCL_NRANKS", "2"),
                            Pair("INCCL_ROOT", "10.0.0.1:4321"), Pair("INCCL_SECRET", "hush"),
                            Pair("INCCL_HOSTID", "lab/b"), Pair("INCCL_SOCKET_IFNAME", "=eth0"),
                            Pair("LOCAL_RANK", "0"), Pair("MASTER_ADDR", "10.0.0.1")}));
}

TEST(LabEnvironmentTest, OfAHostWithSeveralLinksAndOfOneWithNone) {
  EXPECT_THAT(hostEnvironment(planned(circle(3)), 1, "lab"),
              IsSupersetOf({Pair("INCCL_SOCKET_IFNAME", "=eth0,eth1"),
                            Pair("INCCL_LAB_ADDRESSES", "10.64.0.2,10.64.0.5")}));
  topo::Topology alone = named("alone");
  addHost(alone, "a");
  EXPECT_THAT(
      rankEnvironment(planned(alone), 0, {"lab", "", 1}),
      IsSupersetOf({Pair("INCCL_ROOT", "127.0.0.1:1"), Pair("INCCL_SOCKET_IFNAME", "=lo")}));
}

TEST(LabReportTest, SaysWhoIsWhere) {
  const Plan plan = planned(pair());
  const SentBytes sent = {{1, 2}, {3, 4}};
  EXPECT_THAT(showText(plan), HasSubstr("host a, ranks 0\n  eth0     10.0.0.1"));
  EXPECT_THAT(showText(plan), HasSubstr("500 Mbit/s  -> s port0"));
  EXPECT_THAT(showText(plan, &sent), HasSubstr("4 B"));
  EXPECT_THAT(showJson(plan, &sent), HasSubstr("\"sentBytes\": 3"));
  EXPECT_THAT(countersText(plan, sent, {{11, 2}, {3, 24}}),
              HasSubstr("# a eth0 -> s port0: 10 bytes\n# s port0 -> a eth0: 0 bytes\n"));
  EXPECT_EQ(rateText(1'250'000'000), "10 Gbit/s");
  EXPECT_EQ(rateText(100), "800 bit/s");
}

TEST(LabLinksTest, ReadsWhatIpPrints) {
  const auto links = linksFromJson(
      R"([{"ifname": "eth0", "operstate": "UP", "stats64": {"tx": {"bytes": 5000000000}}},
          {"ifname": "lo", "operstate": "UNKNOWN", "stats64": {"tx": {"bytes": 0}}}])");
  ASSERT_TRUE(links.ok());
  EXPECT_TRUE(links.value().at("eth0").carries);
  EXPECT_EQ(links.value().at("eth0").sentBytes, 5'000'000'000u);
  EXPECT_FALSE(links.value().at("lo").carries);
  for (const char* wrong : {"", "[{}]", "7", R"([{"ifname": 3}])"})
    EXPECT_FALSE(linksFromJson(wrong).ok()) << wrong;
}

}  // namespace
}  // namespace inccl::lab

// Every launcher's environment, whole and half-set, and the ranks that follow from it.
#include "bootstrap/launcher.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <map>

#include "bootstrap/authentication.h"
#include "bootstrap/session_fixture.h"
#include "os/listener.h"
#include "support/run_processes.h"

namespace inccl::bootstrap {
namespace {

using ::testing::HasSubstr;
using Variables = std::map<std::string, std::string>;

constexpr std::array kAll = {"INCCL_RANK",           "INCCL_NRANKS",
                             "INCCL_ROOT",           "RANK",
                             "WORLD_SIZE",           "MASTER_ADDR",
                             "MASTER_PORT",          "OMPI_COMM_WORLD_RANK",
                             "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_LOCAL_SIZE",
                             "PMIX_NAMESPACE",       "OMPI_MCA_ess_base_jobid"};

// Sets exactly these, and nothing after.
class Environment {
 public:
  explicit Environment(const Variables& variables) {
    clear();
    for (const auto& [name, value] : variables) ::setenv(name.c_str(), value.c_str(), 1);
  }
  ~Environment() { clear(); }
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

 private:
  static void clear() {
    for (const char* name : kAll) ::unsetenv(name);
  }
};

Result<Launch> launchIn(const Variables& variables, const Config& config = loopbackConfig()) {
  const Environment environment(variables);
  return launchFromEnvironment(config);
}

std::string errorIn(const Variables& variables) {
  const auto launch = launchIn(variables);
  EXPECT_EQ(launch.status().code(), Code::kInvalidUsage);
  return textOf(launch.status());
}

TEST(Launcher, NothingSetIsOneOfOne) {
  const auto launch = launchIn({});
  ASSERT_TRUE(launch.ok()) << launch.status().message();
  EXPECT_EQ(launch.value().rank, 0);
  EXPECT_EQ(launch.value().nRanks, 1);
  EXPECT_EQ(launch.value().source, "no launcher");
  EXPECT_TRUE(UniqueId::decode(launch.value().id.encode()).ok());
  // An empty variable counts as unset.
  EXPECT_EQ(launchIn({{"INCCL_RANK", ""}, {"RANK", ""}}).value().nRanks, 1);
}

TEST(Launcher, OwnVariables) {
  Config config = loopbackConfig();
  config.secret = "open sesame";
  const auto launch = launchIn(
      {{"INCCL_RANK", "2"}, {"INCCL_NRANKS", "5"}, {"INCCL_ROOT", "10.1.2.3:5000"}, {"RANK", "9"}},
      config);
  ASSERT_TRUE(launch.ok()) << launch.status().message();
  EXPECT_EQ(launch.value().rank, 2);
  EXPECT_EQ(launch.value().nRanks, 5);
  EXPECT_EQ(launch.value().source, "INCCL_RANK");
  const UniqueId& id = launch.value().id;
  EXPECT_EQ(id.port, 5000);
  EXPECT_TRUE(id.rootAtRankZero);
  EXPECT_TRUE(id.authenticated);
  EXPECT_EQ(id.nonce, nonceFromSecret("open sesame"));
  ASSERT_EQ(id.addresses.size(), 1u);
  EXPECT_EQ(id.addresses[0].describe(), "10.1.2.3:5000");
}

TEST(Launcher, WithoutASecretRanksAreNotAuthenticated) {
  const auto launch =
      launchIn({{"INCCL_RANK", "1"}, {"INCCL_NRANKS", "2"}, {"INCCL_ROOT", "127.0.0.1:5000"}});
  ASSERT_TRUE(launch.ok());
  EXPECT_FALSE(launch.value().id.authenticated);
  EXPECT_EQ(launch.value().id.nonce, Nonce{});
}

TEST(Launcher, ALocalRootIsAlsoSoughtOnLoopback) {
  const auto launch =
      launchIn({{"INCCL_RANK", "1"}, {"INCCL_NRANKS", "2"}, {"INCCL_ROOT", "127.0.1.1:5000"}});
  ASSERT_TRUE(launch.ok());
  std::vector<std::string> addresses;
  for (const auto& address : launch.value().id.addresses) addresses.push_back(address.describe());
  EXPECT_THAT(addresses, ::testing::ElementsAre("127.0.1.1:5000", "127.0.0.1:5000", "[::1]:5000"));
}

TEST(Launcher, Torchrun) {
  const auto launch = launchIn(
      {{"RANK", "3"}, {"WORLD_SIZE", "4"}, {"MASTER_ADDR", "127.0.0.1"}, {"MASTER_PORT", "29500"}});
  ASSERT_TRUE(launch.ok()) << launch.status().message();
  EXPECT_EQ(launch.value().rank, 3);
  EXPECT_EQ(launch.value().source, "torchrun");
  EXPECT_EQ(launch.value().id.port, 29501);
  const auto ipv6 = launchIn(
      {{"RANK", "0"}, {"WORLD_SIZE", "2"}, {"MASTER_ADDR", "fd00::5"}, {"MASTER_PORT", "1"}});
  ASSERT_TRUE(ipv6.ok()) << ipv6.status().message();
  EXPECT_EQ(ipv6.value().id.addresses[0].describe(), "[fd00::5]:2");
}

TEST(Launcher, HalfSetEnvironmentsNameTheVariable) {
  EXPECT_THAT(errorIn({{"INCCL_RANK", "1"}}), HasSubstr("INCCL_NRANKS is not"));
  EXPECT_THAT(errorIn({{"INCCL_NRANKS", "2"}}), HasSubstr("INCCL_RANK is not"));
  EXPECT_THAT(errorIn({{"INCCL_RANK", "1"}, {"INCCL_NRANKS", "2"}}), HasSubstr("INCCL_ROOT"));
  EXPECT_THAT(errorIn({{"INCCL_ROOT", "127.0.0.1:1"}}), HasSubstr("INCCL_RANK is not"));
  EXPECT_THAT(errorIn({{"RANK", "1"}}), HasSubstr("WORLD_SIZE is not"));
  EXPECT_THAT(errorIn({{"WORLD_SIZE", "2"}}), HasSubstr("RANK is not"));
  EXPECT_THAT(errorIn({{"RANK", "1"}, {"WORLD_SIZE", "2"}}), HasSubstr("MASTER_ADDR is not"));
  EXPECT_THAT(errorIn({{"RANK", "1"}, {"WORLD_SIZE", "2"}, {"MASTER_ADDR", "127.0.0.1"}}),
              HasSubstr("MASTER_PORT is not set"));
  EXPECT_THAT(errorIn({{"OMPI_COMM_WORLD_SIZE", "2"}}), HasSubstr("OMPI_COMM_WORLD_RANK is not"));
}

TEST(Launcher, BadValuesNameTheVariable) {
  EXPECT_THAT(errorIn({{"INCCL_RANK", "two"}, {"INCCL_NRANKS", "5"}}), HasSubstr("INCCL_RANK"));
  EXPECT_THAT(errorIn({{"INCCL_RANK", "1x"}, {"INCCL_NRANKS", "5"}}), HasSubstr("'1x'"));
  EXPECT_THAT(errorIn({{"INCCL_RANK", "5"}, {"INCCL_NRANKS", "5"}}),
              HasSubstr("INCCL_RANK is 5 but INCCL_NRANKS is 5"));
  EXPECT_THAT(errorIn({{"INCCL_RANK", "-1"}, {"INCCL_NRANKS", "5"}}), HasSubstr("INCCL_RANK"));
  EXPECT_THAT(errorIn({{"INCCL_RANK", "0"}, {"INCCL_NRANKS", "0"}}), HasSubstr("INCCL_NRANKS"));
  EXPECT_THAT(errorIn({{"INCCL_RANK", "0"}, {"INCCL_NRANKS", "99999999999"}}),
              HasSubstr("INCCL_NRANKS"));
  EXPECT_THAT(errorIn({{"RANK", "0"},
                       {"WORLD_SIZE", "2"},
                       {"MASTER_ADDR", "127.0.0.1"},
                       {"MASTER_PORT", "65535"}}),
              HasSubstr("MASTER_PORT"));
  EXPECT_THAT(errorIn({{"INCCL_RANK", "0"}, {"INCCL_NRANKS", "2"}, {"INCCL_ROOT", "127.0.0.1"}}),
              HasSubstr("lacks a port"));
  EXPECT_EQ(launchIn({{"INCCL_RANK", "0"}, {"INCCL_NRANKS", "2"}, {"INCCL_ROOT", "127.0.0.1:x"}})
                .status()
                .code(),
            Code::kInvalidArgument);
}

TEST(Launcher, OpenMpiOverSeveralHostsNeedsARoot) {
  const Variables place = {{"OMPI_COMM_WORLD_RANK", "1"},
                           {"OMPI_COMM_WORLD_SIZE", "4"},
                           {"OMPI_COMM_WORLD_LOCAL_SIZE", "2"},
                           {"PMIX_NAMESPACE", "job"}};
  EXPECT_THAT(errorIn(place), HasSubstr("set INCCL_ROOT"));
  Variables withRoot = place;
  withRoot["INCCL_ROOT"] = "10.0.0.1:77";
  const auto launch = launchIn(withRoot);
  ASSERT_TRUE(launch.ok()) << launch.status().message();
  EXPECT_EQ(launch.value().source, "Open MPI");
  EXPECT_EQ(launch.value().rank, 1);
  EXPECT_EQ(launch.value().id.port, 77);
}

TEST(Launcher, OpenMpiWaitsForRankZeroUpToItsDeadline) {
  Config config = loopbackConfig();
  config.creationTimeout = 50 * kMillisecond;
  const auto launch = launchIn({{"OMPI_COMM_WORLD_RANK", "1"},
                                {"OMPI_COMM_WORLD_SIZE", "2"},
                                {"OMPI_COMM_WORLD_LOCAL_SIZE", "2"},
                                {"PMIX_NAMESPACE", "nobody-starts-this"}},
                               config);
  EXPECT_EQ(launch.status().code(), Code::kTimeout);
}

// Joins with what the environment says and gathers, so that every rank has met every other.
void expectToMeet(const Variables& variables, int rank, int size) {
  const auto launch = launchIn(variables);
  ASSERT_TRUE(launch.ok()) << launch.status().message();
  ASSERT_EQ(launch.value().rank, rank);
  RankUnderTest self;
  const Status joined = self.join(launch.value().id, launch.value().nRanks, rank);
  ASSERT_TRUE(joined.ok()) << joined.message();
  auto all = self.session->allGather(toBytes(std::to_string(rank)), soon());
  ASSERT_TRUE(all.ok()) << all.status().message();
  for (int peer = 0; peer < size; ++peer)
    EXPECT_EQ(toText((*all)[static_cast<size_t>(peer)]), std::to_string(peer));
  self.session->leave(0, kSecond);
}

TEST(Launcher, RanksOfOpenMpiMeetOnOneHost) {
  const std::string job = fmt::format("test-job-{}", ::getpid());
  const auto ends = test::runProcesses(3, [&](test::RankProcess& self) {
    // Twice, as a program that makes two communicators.
    for (int round = 0; round < 2; ++round)
      expectToMeet({{"OMPI_COMM_WORLD_RANK", std::to_string(self.rank())},
                    {"OMPI_COMM_WORLD_SIZE", "3"},
                    {"OMPI_COMM_WORLD_LOCAL_SIZE", "3"},
                    {"PMIX_NAMESPACE", job}},
                   self.rank(), 3);
  });
  EXPECT_EQ(test::notClean(ends), "");
}

std::string freePort() {
  const std::array addresses = {os::SocketAddress::loopback(AF_INET, 0)};
  return std::to_string(os::Listener::open(addresses, 0, 0).value().port());
}

TEST(Launcher, RanksMeetAtAGivenRootInAnyOrder) {
  const std::string root = "127.0.0.1:" + freePort();
  const auto ends = test::runProcesses(4, [&](test::RankProcess& self) {
    // Rank 0, who opens the root, comes last; and the same root serves a second communicator.
    if (self.rank() == 0) (void)os::sys::poll(nullptr, 0, 50);
    for (int round = 0; round < 2; ++round)
      expectToMeet({{"INCCL_RANK", std::to_string(self.rank())},
                    {"INCCL_NRANKS", "4"},
                    {"INCCL_ROOT", root}},
                   self.rank(), 4);
  });
  EXPECT_EQ(test::notClean(ends), "");
}

TEST(Launcher, AnotherSecretIsToldAtOnce) {
  const std::string root = "127.0.0.1:" + freePort();
  const auto ends = test::runProcesses(2, [&](test::RankProcess& self) {
    Config config = loopbackConfig();
    config.secret = self.rank() == 0 ? "one" : "two";
    config.creationTimeout = self.rank() == 0 ? kSecond : 10 * kSecond;
    const auto launch = launchAt(self.rank(), 2, root, config);
    ASSERT_TRUE(launch.ok());
    RankUnderTest me;
    const Nanos start = nowNs();
    const Status joined = me.join(launch.value().id, 2, self.rank(), config);
    if (self.rank() == 0) {
      EXPECT_EQ(joined.code(), Code::kTimeout);
    } else {
      EXPECT_EQ(joined.code(), Code::kInvalidUsage);
      EXPECT_THAT(textOf(joined), HasSubstr("INCCL_SECRET differs"));
      EXPECT_LT(nowNs() - start, 5 * kSecond);
    }
  });
  EXPECT_EQ(test::notClean(ends), "");
}

TEST(Launcher, ATakenRootPortIsAnError) {
  const std::array addresses = {os::SocketAddress::loopback(AF_INET, 0)};
  const auto listener = os::Listener::open(addresses, 0, 0);
  ASSERT_TRUE(listener.ok());
  const std::string root = fmt::format("127.0.0.1:{}", listener.value().port());
  const auto launch = launchAt(0, 2, root, loopbackConfig());
  ASSERT_TRUE(launch.ok());
  RankUnderTest self;
  const Status joined = self.join(launch.value().id, 2, 0);
  EXPECT_EQ(joined.code(), Code::kSystemError);
  EXPECT_THAT(textOf(joined), HasSubstr("is in use"));
}

TEST(Launcher, GivenNumbersAreChecked) {
  EXPECT_EQ(launchAt(2, 2, "127.0.0.1:1", loopbackConfig()).status().code(),
            Code::kInvalidArgument);
  EXPECT_EQ(launchAt(-1, 2, "127.0.0.1:1", loopbackConfig()).status().code(),
            Code::kInvalidArgument);
  EXPECT_EQ(launchAt(0, 2, "", loopbackConfig()).status().code(), Code::kInvalidUsage);
  EXPECT_TRUE(launchAt(0, 1, "", loopbackConfig()).ok());
}

}  // namespace
}  // namespace inccl::bootstrap

// Over real sessions: all ranks have the same topology, or all have the same reason why not.
#include "comm/setup_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error_state.h"
#include "base/op_history.h"
#include "comm/gather_messages.h"
#include "support/run_ranks.h"
#include "topo/topology_json.h"

namespace inccl::comm {
namespace {

using bootstrap::Session;
using bootstrap::UniqueId;
using ::testing::AllOf;
using ::testing::HasSubstr;

Deadline soon() { return Deadline::after(20 * kSecond); }

Config configOn(const std::string& host) {
  Config config;
  config.interfaceNames = "lo";
  config.hostId = host;
  return config;
}

// Ranks as threads, each on the host that `hosts` names, with a session.
template <typename Body>
void onSessions(const std::vector<std::string>& hosts, Body body) {
  const auto id = UniqueId::create(configOn(hosts[0]));
  ASSERT_TRUE(id.ok()) << id.status().message();
  const int ranks = static_cast<int>(hosts.size());
  test::runRanks(ranks, [&](int rank) {
    const Config config = configOn(hosts[static_cast<size_t>(rank)]);
    ErrorState errors;
    OpHistory history;
    auto session = Session::join(id.value(), ranks, rank, config, errors, history);
    ASSERT_TRUE(session.ok()) << session.status().message();
    body(**session, config);
    (*session)->leave(0, 5 * kSecond);
  });
}

// What agreeOnSetup() sends: an outcome, the files, a topology.
std::vector<std::byte> contribution(std::string_view topology) {
  wire::Writer writer;
  const Outcome good;
  Outcome::fields(writer, good);
  writer.blob({}, 0);
  writer.blob(wire::toBytes(topology), topology.size());
  return writer.take();
}

TEST(AgreeOnSetup, SeveralHostsHaveOneTopologyToTheLastByte) {
  const std::vector<std::string> hosts{"left", "right", "left", "other", "right"};
  std::vector<std::string> texts(hosts.size());
  onSessions(hosts, [&](Session& session, const Config& config) {
    const auto setup = agreeOnSetup(session, config, soon());
    ASSERT_TRUE(setup.ok()) << setup.status().message();
    ASSERT_TRUE(setup.value().topology);
    texts[static_cast<size_t>(session.rank())] = topo::toJson(*setup.value().topology);
  });
  EXPECT_THAT(texts, ::testing::Each(texts[0]));
  EXPECT_THAT(texts[0], AllOf(HasSubstr("\"host2\""), HasSubstr("\"network\"")));
}

// Rank 1 is written by hand: it takes part in one round only.
TEST(AgreeOnSetup, OnOneHostItIsOneRound) {
  onSessions({"same", "same"}, [&](Session& session, const Config& config) {
    if (session.rank() == 1) {
      EXPECT_TRUE(session.allGather(contribution(""), soon()).ok());
      return;
    }
    const auto setup = agreeOnSetup(session, config, soon());
    ASSERT_TRUE(setup.ok()) << setup.status().message();
    EXPECT_TRUE(setup.value().empty());
  });
}

TEST(AgreeOnSetup, ADamagedFragmentFailsEverybodyAndNamesItsRank) {
  onSessions({"left", "right", "left"}, [&](Session& session, const Config& config) {
    if (session.rank() == 1) {
      ASSERT_TRUE(session.allGather(contribution("{\"name\": 3}"), soon()).ok());
      const auto decided = session.allGather(contribution(""), soon());
      ASSERT_TRUE(decided.ok()) << decided.status().message();
      EXPECT_THAT(std::string(wire::toText(decided.value()[0])), HasSubstr("told by rank 1"));
      return;
    }
    const auto setup = agreeOnSetup(session, config, soon());
    ASSERT_FALSE(setup.ok());
    EXPECT_THAT(std::string(setup.status().message()),
                AllOf(HasSubstr("host1"), HasSubstr("told by rank 1")));
  });
}

TEST(GatherBytes, LongOnesComeInPieces) {
  onSessions({"a", "a", "a"}, [&](Session& session, const Config&) {
    // Lengths around the ends of pieces, another at each rank.
    for (const size_t length : {size_t{0}, size_t{1}, size_t{32768}, size_t{100003}}) {
      const auto rank = static_cast<size_t>(session.rank());
      const std::vector<std::byte> mine(length * rank, static_cast<std::byte>(rank + 1));
      const auto all = gatherBytes(session, mine, soon());
      ASSERT_TRUE(all.ok()) << all.status().message();
      for (size_t peer = 0; peer < 3; ++peer)
        EXPECT_EQ(all.value()[peer],
                  std::vector<std::byte>(length * peer, static_cast<std::byte>(peer + 1)));
    }
  });
}

}  // namespace
}  // namespace inccl::comm

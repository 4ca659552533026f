// Every generated schedule over the loopback transport: streams that move as little as they like,
// as sockets do, on odd numbers of ranks and with odd counts.
#include <gtest/gtest.h>

#include "experiment.h"
#include "support/seed.h"
#include "transport/loopback/loopback_transport.h"

namespace inccl::exec {
namespace {

namespace loopback = transport::loopback;

constexpr size_t kSlotBytes = 256;

std::shared_ptr<RankGroup> overLoopback(const Setting& setting) {
  loopback::LoopbackFaults faults;
  faults.seed = test::testSeed();
  faults.shortMoves = 0.3;
  faults.skippedMoves = 0.2;
  faults.bufferBytes = 600;
  const auto network =
      std::make_shared<loopback::LoopbackNetwork>(setting.ranks, faults, kSlotBytes);
  std::vector<std::unique_ptr<transport::Transport>> transports;
  for (int rank = 0; rank < setting.ranks; ++rank)
    transports.push_back(std::make_unique<loopback::LoopbackTransport>(network, rank));
  return std::make_shared<RankGroup>(
      algo::generate(setting.algorithm, setting.collective, setting.ranks, setting.root).value(),
      std::move(transports));
}

class LanesOverLoopback : public testing::TestWithParam<Algorithm> {};

TEST_P(LanesOverLoopback, ResultsAreExact) {
  for (const Collective collective :
       {Collective::kAllReduce, Collective::kBroadcast, Collective::kAllGather, Collective::kReduce,
        Collective::kReduceScatter, Collective::kAllToAll, Collective::kGather,
        Collective::kScatter}) {
    if (!algo::supports(GetParam(), collective)) continue;
    for (const int ranks : {2, 3, 5, 7, 13}) {
      Setting setting{GetParam(), collective, ranks, ranks / 2, 0, kSlotBytes, false, false};
      const std::shared_ptr<RankGroup> group = overLoopback(setting);
      uint32_t sequence = 0;
      for (const uint64_t count : {0, 1, 2, 11, 101, 997}) {
        for (const bool inPlace : {false, true}) {
          setting.count = count;
          setting.inPlace = inPlace;
          SCOPED_TRACE(testing::Message() << setting);
          Experiment<int32_t> experiment(setting, group);
          ASSERT_TRUE(experiment.run(valueAt<int32_t>, ++sequence));
          ASSERT_EQ(experiment.wrongElements(valueAt<int32_t>), 0u);
          ASSERT_TRUE(experiment.inputsAreUntouched(valueAt<int32_t>));
        }
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, LanesOverLoopback, testing::ValuesIn(algo::kAllAlgorithms),
                         [](const auto& instance) {
                           return std::string(algo::name(instance.param));
                         });

}  // namespace
}  // namespace inccl::exec

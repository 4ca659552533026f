// The verification before timing: passes what is right, sees what is wrong.
#include <gtest/gtest.h>

#include <atomic>

#include "peers/harness/workload.h"
#include "peers_fake_peer.h"
#include "peers_ranks.h"

namespace inccl::peers {
namespace {

constexpr Collective kCollectives[] = {Collective::kAllReduce,     Collective::kAllGather,
                                       Collective::kReduceScatter, Collective::kBroadcast,
                                       Collective::kAllToAll,      Collective::kReduce,
                                       Collective::kBarrier};

// Wrong elements over all ranks after one call on a library with this fault.
uint64_t wrongElements(int ranks, Collective collective, size_t bytes, Fault fault,
                       BufferKind buffers = BufferKind::kOrdinary) {
  TemporaryFolder folder;
  std::atomic<uint64_t> wrong = 0;
  onRanks(folder, ranks, [&](MeetingPoint& meeting) {
    FakePeer peer(folder.file("fake"), meeting.rank(), meeting.ranks(), fault);
    Workload workload(peer, meeting, collective, bytes, buffers);
    wrong += workload.countWrongAfterOneCall();
    wrong += workload.countWrongAfterOneCall();
  });
  return wrong;
}

TEST(Workload, aRightLibraryHasNoWrongElement) {
  for (int ranks : {1, 2, 3, 5}) {
    for (size_t bytes :
         {size_t{0}, size_t{1}, size_t{4}, size_t{8}, size_t{4 * 997}, size_t{16 << 10}}) {
      for (Collective collective : kCollectives) {
        EXPECT_EQ(wrongElements(ranks, collective, bytes, Fault::kNone), 0U)
            << ranks << " ranks, " << bytes << " bytes, collective "
            << static_cast<int>(collective);
      }
    }
  }
}

TEST(Workload, libraryBuffersWorkAlike) {
  EXPECT_EQ(wrongElements(2, Collective::kAllGather, 4096, Fault::kNone, BufferKind::kLibrary), 0U);
}

TEST(Workload, oneWrongElementIsCountedOnEveryRank) {
  EXPECT_EQ(wrongElements(3, Collective::kAllReduce, 4 * 997, Fault::kWrongSum), 2U * 3U);
  EXPECT_EQ(wrongElements(2, Collective::kAllReduce, 4, Fault::kWrongSum), 2U * 2U);
  EXPECT_EQ(wrongElements(3, Collective::kReduceScatter, 4 * 997, Fault::kWrongSum), 2U * 3U);
}

TEST(Workload, aReduceMustLeaveTheOthersResultsAlone) {
  EXPECT_EQ(wrongElements(3, Collective::kReduce, 4 * 997, Fault::kWrongSum), 2U * 3U);
}

TEST(Workload, anElementThatIsNotWrittenIsSeen) {
  EXPECT_EQ(wrongElements(3, Collective::kAllReduce, 400, Fault::kSkipped), 2U * 3U);
  EXPECT_EQ(wrongElements(3, Collective::kBroadcast, 400, Fault::kSkipped), 2U * 2U);
  EXPECT_EQ(wrongElements(3, Collective::kAllGather, 12, Fault::kSkipped), 2U * 3U);
  EXPECT_EQ(wrongElements(3, Collective::kReduceScatter, 1200, Fault::kSkipped), 2U * 3U);
  EXPECT_EQ(wrongElements(3, Collective::kAllToAll, 1200, Fault::kSkipped), 2U * 3U * 3U);
  EXPECT_EQ(wrongElements(3, Collective::kReduce, 1200, Fault::kSkipped), 2U);
}

TEST(Workload, aBarrierThatLetsThroughIsSeen) {
  EXPECT_GE(wrongElements(3, Collective::kBarrier, 0, Fault::kLeakyBarrier), 1U);
}

TEST(WorkloadDeathTest, anErrorOfTheLibraryEndsTheProgramWithItsText) {
  EXPECT_EXIT((void)wrongElements(1, Collective::kAllReduce, 8, Fault::kError),
              testing::ExitedWithCode(1), "rank 0: it was told to fail");
}

TEST(CollectiveNamed, knowsTheNamesOfTheTools) {
  EXPECT_EQ(collectiveNamed("all_reduce"), Collective::kAllReduce);
  EXPECT_EQ(collectiveNamed("all_gather"), Collective::kAllGather);
  EXPECT_EQ(collectiveNamed("reduce_scatter"), Collective::kReduceScatter);
  EXPECT_EQ(collectiveNamed("broadcast"), Collective::kBroadcast);
  EXPECT_EQ(collectiveNamed("alltoall"), Collective::kAllToAll);
  EXPECT_EQ(collectiveNamed("reduce"), Collective::kReduce);
  EXPECT_EQ(collectiveNamed("barrier"), Collective::kBarrier);
  EXPECT_EQ(collectiveNamed("allreduce"), std::nullopt);
  EXPECT_EQ(collectiveNamed(""), std::nullopt);
}

}  // namespace
}  // namespace inccl::peers

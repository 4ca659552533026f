// Memory runs out once, at every place of the calling thread while it creates a clique: an error or
// success, never a hang.
#include "api/rank_world.h"
#include "base/clock.h"
#include "support/fail_nth_allocation.h"
#include "support/process_resources.h"

namespace inccl::test {
namespace {

constexpr int kRanks = 3;

TEST(Allocation, ACliqueIsCreatedOrRefused) {
  incclComm_t comms[kRanks];
  incclResult_t created = incclSuccess;
  const auto destroyAll = [&](uint64_t n, bool) {
    EXPECT_TRUE(created == incclSuccess || created == incclSystemError)
        << "allocation " << n << ": " << incclGetLastError(nullptr);
    for (incclComm_t comm : comms) {
      if (created == incclSuccess) {
        EXPECT_EQ(incclCommDestroy(comm), incclSuccess);
      }
    }
  };
  ASSERT_EQ(incclCommInitAll(comms, kRanks, nullptr), incclSuccess) << incclGetLastError(nullptr);
  destroyAll(0, false);  // what lives as long as the process starts here
  const ExpectNoLeaks nothing;
  const Nanos start = nowNs();
  const uint64_t failed = forEachFailingAllocation(
      [&] { created = incclCommInitAll(comms, kRanks, nullptr); }, destroyAll, 2000, true);
  EXPECT_GT(failed, 10u);
  EXPECT_LT(nowNs() - start, 60 * kSecond);
}

TEST(Allocation, AGroupOfCreationsEndsWhateverHappens) {
  incclComm_t comms[kRanks];
  incclResult_t ended = incclSuccess;
  int queued = 0;
  const auto trial = [&] {
    incclUniqueId id{};
    queued = 0;
    ended = incclSystemError;
    if (incclGetUniqueId(&id) != incclSuccess || incclGroupStart() != incclSuccess) return;
    // The others wait, rightly, for a rank that could not be queued.
    for (int rank = 0; rank < kRanks; ++rank)
      queued += incclCommInitRank(&comms[rank], kRanks, id, rank) == incclSuccess;
    ended = incclGroupEnd();
  };
  ::setenv("INCCL_CREATION_TIMEOUT", "0.2", 1);
  const uint64_t failed = forEachFailingAllocation(
      trial,
      [&](uint64_t n, bool) {
        EXPECT_EQ(incclGroupEnd(), incclInvalidUsage) << "allocation " << n << ": still open";
        for (int rank = 0; rank < kRanks && queued == kRanks; ++rank) {
          EXPECT_EQ(comms[rank] != nullptr, ended == incclSuccess) << "allocation " << n;
          if (comms[rank]) {
            EXPECT_EQ(incclCommDestroy(comms[rank]), incclSuccess);
          }
        }
      },
      2000, true);
  ::unsetenv("INCCL_CREATION_TIMEOUT");
  EXPECT_GT(failed, 10u);
}

}  // namespace
}  // namespace inccl::test

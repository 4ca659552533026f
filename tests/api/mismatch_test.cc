// Ranks that call different things: an error on all of them that names both calls, never a result.
#include <array>
#include <functional>
#include <thread>

#include "api/rank_world.h"
#include "base/clock.h"

namespace inccl::test {
namespace {

using Call = std::function<incclResult_t(incclComm_t, float*, float*)>;

incclResult_t allReduce(incclComm_t comm, const float* in, float* out, size_t count,
                        incclDataType_t type, incclRedOp_t op) {
  return incclAllReduce(in, out, count, type, op, comm, nullptr);
}

// Of three blocks; the last is that of a third rank, which needs not be there.
incclResult_t gatherV(incclComm_t comm, const float* in, float* out,
                      const std::array<size_t, 3>& lengths) {
  int rank = 0;
  incclCommUserRank(comm, &rank);
  const std::array<size_t, 3> places{0, 50000, 200000};
  return incclAllGatherv(in, lengths[static_cast<size_t>(rank)], out, lengths.data(), places.data(),
                         incclFloat, comm, nullptr);
}
incclResult_t scatterV(incclComm_t comm, const float* in, float* out,
                       const std::array<size_t, 3>& lengths) {
  return incclReduceScatterv(in, out, lengths.data(), incclFloat, incclSum, comm, nullptr);
}

struct Mismatch {
  const char* name;
  Call usual, different;  // of all ranks but the last, and of the last
};

const std::vector<Mismatch>& mismatches() {
  static const std::vector<Mismatch> all = {
      {"count",
       [](auto c, auto i, auto o) { return allReduce(c, i, o, 100, incclFloat, incclSum); },
       [](auto c, auto i, auto o) { return allReduce(c, i, o, 101, incclFloat, incclSum); }},
      {"count across kernels",
       [](auto c, auto i, auto o) { return allReduce(c, i, o, 1, incclFloat, incclSum); },
       [](auto c, auto i, auto o) { return allReduce(c, i, o, 100000, incclFloat, incclSum); }},
      {"type", [](auto c, auto i, auto o) { return allReduce(c, i, o, 100, incclFloat, incclSum); },
       [](auto c, auto i, auto o) { return allReduce(c, i, o, 100, incclInt32, incclSum); }},
      {"operation",
       [](auto c, auto i, auto o) { return allReduce(c, i, o, 100, incclFloat, incclSum); },
       [](auto c, auto i, auto o) { return allReduce(c, i, o, 100, incclFloat, incclMax); }},
      {"root",
       [](auto c, auto i, auto o) { return incclBroadcast(i, o, 100, incclFloat, 0, c, nullptr); },
       [](auto c, auto i, auto o) { return incclBroadcast(i, o, 100, incclFloat, 1, c, nullptr); }},
      {"collective",
       [](auto c, auto i, auto o) { return allReduce(c, i, o, 100, incclFloat, incclSum); },
       [](auto c, auto i, auto o) { return incclAllGather(i, o, 100, incclFloat, c, nullptr); }},
      {"all-gather and all-to-all",
       [](auto c, auto i, auto o) { return incclAllGather(i, o, 30000, incclFloat, c, nullptr); },
       [](auto c, auto i, auto o) { return incclAlltoAll(i, o, 30000, incclFloat, c, nullptr); }},
      {"count of a reduce-scatter",
       [](auto c, auto i, auto o) {
         return incclReduceScatter(i, o, 300, incclFloat, incclSum, c, nullptr);
       },
       [](auto c, auto i, auto o) {
         return incclReduceScatter(i, o, 3000, incclFloat, incclSum, c, nullptr);
       }},
      {"root of a reduce",
       [](auto c, auto i, auto o) {
         return incclReduce(i, o, 100, incclFloat, incclSum, 0, c, nullptr);
       },
       [](auto c, auto i, auto o) {
         return incclReduce(i, o, 100, incclFloat, incclSum, 1, c, nullptr);
       }},
      {"root of a long broadcast",
       [](auto c, auto i, auto o) { return incclBroadcast(i, o, 9000, incclFloat, 0, c, nullptr); },
       [](auto c, auto i, auto o) {
         return incclBroadcast(i, o, 9000, incclFloat, 1, c, nullptr);
       }},
      {"barrier", [](auto c, auto, auto) { return incclBarrier(c, nullptr); },
       [](auto c, auto i, auto o) { return allReduce(c, i, o, 100, incclFloat, incclSum); }},
  };
  return all;
}

const std::vector<Mismatch>& mismatchesOfLengths() {
  static const std::vector<Mismatch> all = {
      {"lengths of an all-gather's blocks",
       [](auto c, auto i, auto o) {
         return gatherV(c, i, o, {100, 30, 5});
       },
       [](auto c, auto i, auto o) {
         return gatherV(c, i, o, {100, 31, 5});
       }},
      {"lengths of an all-gather's blocks that are as long together",
       [](auto c, auto i, auto o) {
         return gatherV(c, i, o, {40000, 30000, 5});
       },
       [](auto c, auto i, auto o) {
         return gatherV(c, i, o, {30000, 40000, 5});
       }},
      {"lengths of an all-gather's blocks of which one is empty for some",
       [](auto c, auto i, auto o) {
         return gatherV(c, i, o, {0, 30, 5});
       },
       [](auto c, auto i, auto o) {
         return gatherV(c, i, o, {30, 0, 5});
       }},
      {"lengths of a reduce-scatter's blocks",
       [](auto c, auto i, auto o) {
         return scatterV(c, i, o, {100, 30, 5});
       },
       [](auto c, auto i, auto o) {
         return scatterV(c, i, o, {100, 3000, 5});
       }},
      {"lengths of a reduce-scatter's blocks that are as long together",
       [](auto c, auto i, auto o) {
         return scatterV(c, i, o, {4000, 3000, 5});
       },
       [](auto c, auto i, auto o) {
         return scatterV(c, i, o, {3000, 4000, 5});
       }},
      {"all-gather of equal blocks and of others",
       [](auto c, auto i, auto o) { return incclAllGather(i, o, 300, incclFloat, c, nullptr); },
       [](auto c, auto i, auto o) {
         return gatherV(c, i, o, {300, 300, 300});
       }},
  };
  return all;
}

// The error of the communicator, which must come within a second of the call's return.
incclResult_t stickyError(incclComm_t comm) {
  const Deadline deadline = Deadline::after(3 * kSecond);
  incclResult_t state = incclSuccess;
  while (incclCommGetAsyncError(comm, &state) == incclSuccess && state == incclSuccess &&
         !deadline.passed())
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  return state;
}

class Mismatched : public testing::TestWithParam<std::tuple<const char*, int>> {};

void checkAll(const std::vector<Mismatch>& mismatches, const char* transport, int ranks) {
  for (const Mismatch& mismatch : mismatches) {
    SCOPED_TRACE(mismatch.name);
    onProcesses(ranks, [&](RankProcess& process) {
      incclComm_t comm = join(process, transport);
      ASSERT_NE(comm, nullptr);
      std::vector<float> in(100000, 1), out(400000, -1);
      ASSERT_EQ(allReduce(comm, in.data(), out.data(), 8, incclFloat, incclSum), incclSuccess);
      process
          .meetAll();  // or the error of the next call may reach a rank that is still in this one
      const bool odd = process.rank() == ranks - 1;
      const Nanos start = nowNs();
      const incclResult_t result =
          (odd ? mismatch.different : mismatch.usual)(comm, in.data(), out.data());
      // A rank that could return before the others came (a broadcast's root) finds the error later.
      EXPECT_EQ(stickyError(comm), incclInvalidUsage) << "call returned " << result;
      EXPECT_LT(nowNs() - start, 5 * kSecond);
      const std::string text = incclGetLastError(comm);
      EXPECT_NE(text.find("rank"), std::string::npos) << text;
      EXPECT_NE(text.find("called"), std::string::npos) << text;
      EXPECT_EQ(allReduce(comm, in.data(), out.data(), 8, incclFloat, incclSum), incclInvalidUsage)
          << "the error sticks";
      process.meetAll();
      EXPECT_EQ(incclCommDestroy(comm), incclSuccess);
    });
  }
}

TEST_P(Mismatched, EveryRankLearnsWhatTheOthersCalled) {
  const auto [transport, ranks] = GetParam();
  checkAll(mismatches(), transport, ranks);
}

TEST_P(Mismatched, EveryRankLearnsThatBlocksHaveOtherLengths) {
  const auto [transport, ranks] = GetParam();
  checkAll(mismatchesOfLengths(), transport, ranks);
}

INSTANTIATE_TEST_SUITE_P(Everywhere, Mismatched,
                         testing::Combine(testing::Values("shm", "tcp"), testing::Values(2, 3)));

}  // namespace
}  // namespace inccl::test

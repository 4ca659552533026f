// One thread creates several communicators inside a group: side by side, all or none, before the
// calls of the same group.
#include <climits>
#include <cstring>

#include "api/rank_world.h"
#include "base/clock.h"
#include "support/fail_nth_call.h"
#include "support/process_resources.h"

namespace inccl::test {
namespace {

constexpr int kRanks = 3;

// What *comm is before it is written.
incclComm_t untouched() { return reinterpret_cast<incclComm_t>(uintptr_t{0x1234}); }

void expectSentence(const char* word) {
  EXPECT_NE(std::string(incclGetLastError(nullptr)).find(word), std::string::npos)
      << incclGetLastError(nullptr);
}

// All communicators of a clique work: one thread drives them.
void expectSums(const std::vector<incclComm_t>& comms) {
  const int32_t one = 1;
  std::vector<int32_t> sums(comms.size());
  ASSERT_EQ(incclGroupStart(), incclSuccess);
  for (size_t at = 0; at < comms.size(); ++at)
    ASSERT_EQ(incclAllReduce(&one, &sums[at], 1, incclInt32, incclSum, comms[at], nullptr),
              incclSuccess);
  ASSERT_EQ(incclGroupEnd(), incclSuccess) << incclGetLastError(nullptr);
  for (const int32_t sum : sums) EXPECT_EQ(sum, static_cast<int32_t>(comms.size()));
}

void destroyAll(const std::vector<incclComm_t>& comms) {
  for (incclComm_t comm : comms) EXPECT_EQ(incclCommDestroy(comm), incclSuccess);
}

TEST(GroupOfCreations, OneThreadCreatesAllRanks) {
  const incclUniqueId id = newId();
  std::vector<incclComm_t> comms(kRanks, untouched());
  ASSERT_EQ(incclGroupStart(), incclSuccess);
  for (int rank = 0; rank < kRanks; ++rank)
    ASSERT_EQ(incclCommInitRank(&comms[static_cast<size_t>(rank)], kRanks, id, rank), incclSuccess);
  ASSERT_EQ(incclGroupEnd(), incclSuccess) << incclGetLastError(nullptr);
  expectSums(comms);
  destroyAll(comms);
}

TEST(GroupOfCreations, TheOutermostEndCreates) {
  const incclUniqueId id = newId();
  std::vector<incclComm_t> comms(kRanks, untouched());
  ASSERT_EQ(incclGroupStart(), incclSuccess);
  for (int rank = 0; rank < kRanks; ++rank) {
    ASSERT_EQ(incclGroupStart(), incclSuccess);
    ASSERT_EQ(incclCommInitRank(&comms[static_cast<size_t>(rank)], kRanks, id, rank), incclSuccess);
    ASSERT_EQ(incclGroupEnd(), incclSuccess);
  }
  for (incclComm_t comm : comms) EXPECT_EQ(comm, untouched()) << "written by an inner end";
  ASSERT_EQ(incclGroupEnd(), incclSuccess) << incclGetLastError(nullptr);
  expectSums(comms);
  destroyAll(comms);
  EXPECT_EQ(incclGroupEnd(), incclInvalidUsage) << "the group has ended";
}

TEST(GroupOfCreations, WhenOneFailsThereIsNone) {
  const auto once = [] {
    const incclUniqueId alone = newId(), id = newId();
    incclComm_t single = untouched();
    std::vector<incclComm_t> comms(kRanks, untouched());
    const Nanos start = nowNs();
    ASSERT_EQ(incclGroupStart(), incclSuccess);
    ASSERT_EQ(incclCommInitRank(&single, 1, alone, 0), incclSuccess);
    const int ranks[kRanks] = {0, 1, 1};
    for (size_t at = 0; at < kRanks; ++at)
      ASSERT_EQ(incclCommInitRank(&comms[at], kRanks, id, ranks[at]), incclSuccess);
    EXPECT_EQ(incclGroupEnd(), incclInvalidUsage);
    expectSentence("rank 1 is claimed twice");
    EXPECT_LT(nowNs() - start, 5 * kSecond);
    EXPECT_EQ(single, nullptr);
    for (incclComm_t comm : comms) EXPECT_EQ(comm, nullptr);
    EXPECT_EQ(incclGroupEnd(), incclInvalidUsage) << "the group has ended all the same";
  };
  once();  // what lives as long as the process starts here
  const ExpectNoLeaks nothing;
  once();
}

TEST(GroupOfCreations, AThreadThatCannotStartLeavesNobodyWaiting) {
  const incclUniqueId id = newId();
  std::vector<incclComm_t> comms(kRanks, untouched());
  ASSERT_EQ(incclGroupStart(), incclSuccess);
  for (int rank = 0; rank < kRanks; ++rank)
    ASSERT_EQ(incclCommInitRank(&comms[static_cast<size_t>(rank)], kRanks, id, rank), incclSuccess);
  {
    const FailNthCall failing({.n = 2, .errorNumber = EAGAIN, .only = "pthread_create"});
    EXPECT_EQ(incclGroupEnd(), incclSystemError);
  }
  for (incclComm_t comm : comms) EXPECT_EQ(comm, nullptr);
}

TEST(GroupOfCreations, WrongArgumentsAreRefusedAtOnceAndNoPartOfIt) {
  const incclUniqueId id = newId();
  incclComm_t comm = untouched(), wrong = untouched();
  incclConfig_t config = INCCL_CONFIG_INITIALIZER;
  ASSERT_EQ(incclGroupStart(), incclSuccess);
  EXPECT_EQ(incclCommInitRank(&wrong, 1, id, 1), incclInvalidArgument);
  config.blocking = 3;
  EXPECT_EQ(incclCommInitRankConfig(&wrong, 1, id, 0, &config), incclInvalidArgument);
  config = INCCL_CONFIG_INITIALIZER;
  EXPECT_EQ(incclCommInitRankConfig(&comm, 1, id, 0, &config), incclSuccess);
  // The configuration was copied.
  config.netName = "carrier pigeon";
  ASSERT_EQ(incclGroupEnd(), incclSuccess) << incclGetLastError(nullptr);
  EXPECT_EQ(wrong, untouched());
  EXPECT_EQ(incclCommDestroy(comm), incclSuccess);
}

TEST(GroupOfCreations, CreationsComeFirstAndCallsRunWhateverBecomesOfThem) {
  std::vector<incclComm_t> comms(kRanks);
  ASSERT_EQ(incclCommInitAll(comms.data(), kRanks, nullptr), incclSuccess);
  for (const bool fails : {false, true}) {
    SCOPED_TRACE(fails);
    const incclUniqueId id = newId();
    std::vector<incclComm_t> more(2, untouched());
    const int32_t one = 1;
    std::vector<int32_t> sums(kRanks);
    ASSERT_EQ(incclGroupStart(), incclSuccess);
    for (size_t at = 0; at < kRanks; ++at)
      ASSERT_EQ(incclAllReduce(&one, &sums[at], 1, incclInt32, incclSum, comms[at], nullptr),
                incclSuccess);
    for (const int rank : {0, 1})
      ASSERT_EQ(incclCommInitRank(&more[static_cast<size_t>(rank)], 2, id, fails ? 0 : rank),
                incclSuccess);
    EXPECT_EQ(incclGroupEnd(), fails ? incclInvalidUsage : incclSuccess);
    for (const int32_t sum : sums) EXPECT_EQ(sum, kRanks);
    for (incclComm_t comm : more) {
      EXPECT_EQ(comm == nullptr, fails);
      if (comm) {
        EXPECT_EQ(incclCommDestroy(comm), incclSuccess);
      }
    }
  }
  destroyAll(comms);
}

TEST(GroupOfCreations, InitAllNeedsNobodyElseAndRunsAtOnce) {
  std::vector<incclComm_t> comms(kRanks);
  ASSERT_EQ(incclGroupStart(), incclSuccess);
  ASSERT_EQ(incclCommInitAll(comms.data(), kRanks, nullptr), incclSuccess);
  const int32_t one = 1;
  std::vector<int32_t> sums(kRanks);
  for (size_t at = 0; at < kRanks; ++at)
    ASSERT_EQ(incclAllReduce(&one, &sums[at], 1, incclInt32, incclSum, comms[at], nullptr),
              incclSuccess);
  ASSERT_EQ(incclGroupEnd(), incclSuccess) << incclGetLastError(nullptr);
  for (const int32_t sum : sums) EXPECT_EQ(sum, kRanks);
  destroyAll(comms);
}

TEST(Limits, ImpossibleNumbersOfRanksAreRefusedBeforeAnythingIsAllocated) {
  const incclUniqueId id = newId();
  incclComm_t comm = untouched();
  for (const int ranks : {65537, INT_MAX}) {
    EXPECT_EQ(incclCommInitRank(&comm, ranks, id, 0), incclInvalidArgument);
    expectSentence("at most 65536");
  }
  for (const int ranks : {4097, 1000000000, INT_MAX}) {
    EXPECT_EQ(incclCommInitAll(&comm, ranks, nullptr), incclInvalidArgument);
    expectSentence("at most 4096");
  }
  EXPECT_EQ(comm, untouched());
}

}  // namespace
}  // namespace inccl::test

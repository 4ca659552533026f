// Bad arguments: the right code, a sentence that says what, and nothing else happened.
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <limits>

#include "api/rank_world.h"
#include "support/fail_nth_call.h"
#include "support/process_resources.h"

namespace inccl::test {
namespace {

class Arguments : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(incclCommInitRank(&comm_, 1, newId(), 0), incclSuccess) << incclGetLastError(nullptr);
  }
  void TearDown() override { EXPECT_EQ(incclCommDestroy(comm_), incclSuccess); }

  void refused(incclResult_t result, const char* word, incclResult_t code = incclInvalidArgument) {
    EXPECT_EQ(result, code) << word;
    EXPECT_NE(std::string(incclGetLastError(nullptr)).find(word), std::string::npos)
        << incclGetLastError(nullptr);
    incclResult_t state = incclInternalError;
    EXPECT_EQ(incclCommGetAsyncError(comm_, &state), incclSuccess);
    EXPECT_EQ(state, incclSuccess) << "an argument error must not stick";
  }

  incclComm_t comm_ = nullptr;
  float in_[4] = {1, 2, 3, 4}, out_[4] = {};
};

TEST_F(Arguments, OneRankComputesItsOwnResult) {
  ASSERT_EQ(incclAllReduce(in_, out_, 4, incclFloat, incclSum, comm_, nullptr), incclSuccess);
  EXPECT_EQ(std::memcmp(in_, out_, sizeof in_), 0);
  EXPECT_EQ(incclAllReduce(nullptr, nullptr, 0, incclFloat, incclSum, comm_, nullptr),
            incclSuccess);
  EXPECT_EQ(incclBarrier(comm_, nullptr), incclSuccess);
}

TEST_F(Arguments, Buffers) {
  refused(incclAllReduce(nullptr, out_, 4, incclFloat, incclSum, comm_, nullptr),
          "sendbuff is NULL");
  refused(incclAllReduce(in_, nullptr, 4, incclFloat, incclSum, comm_, nullptr),
          "recvbuff is NULL");
  const auto* const skewed = reinterpret_cast<const char*>(in_) + 1;
  refused(incclAllReduce(skewed, out_, 1, incclFloat, incclSum, comm_, nullptr), "aligned");
  refused(incclBroadcast(nullptr, out_, 4, incclFloat, 0, comm_, nullptr), "sendbuff is NULL");
}

TEST_F(Arguments, Counts) {
  for (const size_t count :
       {std::numeric_limits<size_t>::max(), static_cast<size_t>(-4), size_t{1} << 62})
    refused(incclAllReduce(in_, out_, count, incclFloat, incclSum, comm_, nullptr), "count");
}

TEST_F(Arguments, Enums) {
  for (const int type : {-1, 12, 99, 1 << 20})
    refused(
        incclAllReduce(in_, out_, 4, static_cast<incclDataType_t>(type), incclSum, comm_, nullptr),
        "unknown");
  refused(incclAllReduce(in_, out_, 4, incclBool, incclSum, comm_, nullptr), "bool");
  for (const int op : {-1, 5, 64, 77, 96})
    refused(incclAllReduce(in_, out_, 4, incclFloat, static_cast<incclRedOp_t>(op), comm_, nullptr),
            "operation");
}

TEST_F(Arguments, Ranks) {
  for (const int root : {-1, 1, 1 << 30}) {
    refused(incclBroadcast(in_, out_, 4, incclFloat, root, comm_, nullptr), "root");
    refused(incclSend(in_, 4, incclFloat, root, comm_, nullptr), "peer");
    refused(incclRecv(out_, 4, incclFloat, root, comm_, nullptr), "peer");
  }
  refused(incclSend(in_, 4, incclFloat, 0, comm_, nullptr), "itself", incclInvalidUsage);
}

TEST_F(Arguments, StreamsAreRefused) {
  int foreign = 0;
  refused(incclAllReduce(in_, out_, 4, incclFloat, incclSum, comm_,
                         reinterpret_cast<incclStream_t>(&foreign)),
          "stream");
}

TEST_F(Arguments, Handles) {
  incclComm_t second = nullptr;
  ASSERT_EQ(incclCommInitRank(&second, 1, newId(), 0), incclSuccess);
  ASSERT_EQ(incclCommDestroy(second), incclSuccess);
  int number = 0, local = 0;
  for (incclComm_t bad :
       {static_cast<incclComm_t>(nullptr), second, reinterpret_cast<incclComm_t>(&local),
        reinterpret_cast<incclComm_t>(~uintptr_t{0}), reinterpret_cast<incclComm_t>(1)}) {
    refused(incclAllReduce(in_, out_, 4, incclFloat, incclSum, bad, nullptr), "communicator");
    refused(incclCommCount(bad, &number), "communicator");
    refused(incclCommDestroy(bad), "communicator");
    refused(incclCommAbort(bad), "communicator");
    EXPECT_NE(incclGetLastError(bad), nullptr);
  }
}

TEST_F(Arguments, OutputsThatAreNull) {
  refused(incclGetVersion(nullptr), "NULL");
  refused(incclGetUniqueId(nullptr), "NULL");
  refused(incclCommCount(comm_, nullptr), "NULL");
  refused(incclCommUserRank(comm_, nullptr), "NULL");
  refused(incclCommGetAsyncError(comm_, nullptr), "NULL");
  refused(incclMemAlloc(nullptr, 8), "NULL");
  refused(incclCommInitRank(nullptr, 1, newId(), 0), "NULL");
  refused(incclCommInitAll(nullptr, 1, nullptr), "NULL");
}

TEST_F(Arguments, CreationRefusesBadPlacesIdsAndConfigs) {
  const incclUniqueId id = newId();
  incclComm_t made = reinterpret_cast<incclComm_t>(uintptr_t{0x1234});
  refused(incclCommInitRank(&made, 0, id, 0), "ranks");
  refused(incclCommInitRank(&made, -3, id, 0), "ranks");
  refused(incclCommInitRank(&made, 2, id, 2), "rank 2");
  refused(incclCommInitRank(&made, 2, id, -1), "rank -1");
  incclUniqueId damaged = id;
  damaged.internal[40] ^= 1;
  EXPECT_EQ(incclCommInitRank(&made, 1, damaged, 0), incclInvalidArgument);
  incclUniqueId zero{};
  EXPECT_EQ(incclCommInitRank(&made, 1, zero, 0), incclInvalidArgument);
  incclUniqueId alone{};
  int ranks = 0, rank = -1;
  ASSERT_EQ(incclGetUniqueIdFromLauncher(&alone, &ranks, &rank), incclSuccess);
  ASSERT_EQ(ranks, 1);
  refused(incclCommInitRank(&made, 2, alone, 0), "one rank");
  incclConfig_t config = INCCL_CONFIG_INITIALIZER;
  config.magic = 1;
  refused(incclCommInitRankConfig(&made, 1, id, 0, &config), "magic");
  config = INCCL_CONFIG_INITIALIZER;
  config.size = 3;
  refused(incclCommInitRankConfig(&made, 1, id, 0, &config), "size");
  config = INCCL_CONFIG_INITIALIZER;
  config.blocking = 3;
  refused(incclCommInitRankConfig(&made, 1, id, 0, &config), "blocking");
  config = INCCL_CONFIG_INITIALIZER;
  config.netName = "carrier pigeon";
  refused(incclCommInitRankConfig(&made, 1, id, 0, &config), "carrier pigeon");
  EXPECT_EQ(made, reinterpret_cast<incclComm_t>(uintptr_t{0x1234}))
      << "outputs change on success only";
}

TEST_F(Arguments, AnOlderShorterConfigIsAccepted) {
  incclConfig_t config = INCCL_CONFIG_INITIALIZER;
  config.size = offsetof(incclConfig_t, splitShare);
  incclComm_t made = nullptr;
  ASSERT_EQ(incclCommInitRankConfig(&made, 1, newId(), 0, &config), incclSuccess)
      << incclGetLastError(nullptr);
  EXPECT_EQ(incclCommDestroy(made), incclSuccess);
}

TEST_F(Arguments, GroupsNestAndEndOnlyWhatBegan) {
  refused(incclGroupEnd(), "incclGroupStart", incclInvalidUsage);
  ASSERT_EQ(incclGroupStart(), incclSuccess);
  ASSERT_EQ(incclGroupStart(), incclSuccess);
  EXPECT_EQ(incclSend(in_, 4, incclFloat, 0, comm_, nullptr), incclSuccess);
  EXPECT_EQ(incclRecv(out_, 4, incclFloat, 0, comm_, nullptr), incclSuccess);
  refused(incclRecv(nullptr, 4, incclFloat, 0, comm_, nullptr), "recvbuff");
  ASSERT_EQ(incclGroupEnd(), incclSuccess);
  EXPECT_EQ(out_[0], 0) << "an inner end runs nothing";
  ASSERT_EQ(incclGroupEnd(), incclSuccess) << incclGetLastError(nullptr);
  EXPECT_EQ(std::memcmp(in_, out_, sizeof in_), 0) << "a message to oneself inside a group";
}

TEST_F(Arguments, MemoryOfOursOnly) {
  void* memory = nullptr;
  ASSERT_EQ(incclMemAlloc(&memory, 100000), incclSuccess);
  std::memset(memory, 1, 100000);
  EXPECT_EQ(incclMemFree(memory), incclSuccess);
  refused(incclMemFree(memory), "was not allocated");
  refused(incclMemFree(in_), "was not allocated");
  refused(incclMemAlloc(&memory, ~size_t{0}), "bytes");
  EXPECT_EQ(incclMemFree(nullptr), incclSuccess);
}

TEST_F(Arguments, AForkedChildGetsAnError) {
  const pid_t child = ::fork();
  if (child == 0) {
    const bool refusedHere =
        incclAllReduce(in_, out_, 4, incclFloat, incclSum, comm_, nullptr) == incclInvalidUsage;
    ::_exit(refusedHere ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

TEST(Texts, EveryCodeHasOne) {
  for (const int code : {0, 1, 2, 3, 4, 5, 6, 7, 8, 100, 55, -1})
    EXPECT_GT(std::strlen(incclGetErrorString(static_cast<incclResult_t>(code))), 3u);
  int version = 0;
  EXPECT_EQ(incclGetVersion(&version), incclSuccess);
  EXPECT_EQ(version, INCCL_VERSION_CODE);
}

TEST(Leaks, CreatingAndDestroyingLeavesNothing) {
  const auto once = [] {
    incclComm_t comms[3];
    ASSERT_EQ(incclCommInitAll(comms, 3, nullptr), incclSuccess) << incclGetLastError(nullptr);
    for (incclComm_t comm : comms) EXPECT_EQ(incclCommDestroy(comm), incclSuccess);
  };
  once();  // what lives as long as the process starts here
  const ExpectNoLeaks nothing;
  for (int i = 0; i < 5; ++i) once();
}

TEST(Leaks, ACreationThatNobodyJoinsLeavesNothing) {
  incclComm_t comms[3];
  ASSERT_EQ(incclCommInitAll(comms, 3, nullptr), incclSuccess) << incclGetLastError(nullptr);
  for (incclComm_t comm : comms) EXPECT_EQ(incclCommDestroy(comm), incclSuccess);
  const ExpectNoLeaks nothing;
  for (const uint64_t thread : {1, 2, 3}) {
    const FailNthCall failing({.n = thread, .errorNumber = EAGAIN, .only = "pthread_create"});
    EXPECT_EQ(incclCommInitAll(comms, 3, nullptr), incclSystemError) << "thread " << thread;
  }
  ::setenv("INCCL_ALGO", "astrology", 1);
  EXPECT_EQ(incclCommInitAll(comms, 3, nullptr), incclInvalidArgument);
  ::unsetenv("INCCL_ALGO");
}

}  // namespace
}  // namespace inccl::test

// Every system call of the set-up path fails once: an error or a fallback, no crash, no leak, no
// hang.
//
// Ranks are threads, so that one hook sees all calls; each trial makes one call fail, whichever
// thread makes it, then creates, uses and destroys a communicator of two ranks.
#include <thread>

#include "api/rank_world.h"
#include "base/clock.h"
#include "support/fail_nth_call.h"
#include "support/process_resources.h"

namespace inccl::test {
namespace {

// Fails with a sentence, or works.
void createUseDestroy(const char* transport) {
  ::setenv("INCCL_TRANSPORT", transport, 1);
  ::setenv("INCCL_CREATION_TIMEOUT", "1", 1);
  ::setenv("INCCL_CONNECT_TIMEOUT", "1", 1);
  ::setenv("INCCL_TIMEOUT", "1", 1);
  incclComm_t comms[2] = {nullptr, nullptr};
  const Nanos start = nowNs();
  const incclResult_t created = incclCommInitAll(comms, 2, nullptr);
  ASSERT_LT(nowNs() - start, 6 * kSecond) << "creation hung";
  if (created != incclSuccess) {
    EXPECT_GT(std::string(incclGetLastError(nullptr)).size(), 5u) << "an error without a sentence";
    return;
  }
  std::vector<std::thread> threads;
  for (int rank = 0; rank < 2; ++rank) {
    threads.emplace_back([comm = comms[rank], rank] {
      const auto input = values<int32_t>(rank, 5000, 1);
      std::vector<int32_t> output(5000);
      const incclResult_t result =
          incclAllReduce(input.data(), output.data(), 5000, incclInt32, incclSum, comm, nullptr);
      if (result != incclSuccess) return;
      for (size_t i = 0; i < 5000; ++i)
        ASSERT_EQ(output[i], valueOf<int32_t>(0, i, 1) + valueOf<int32_t>(1, i, 1));
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (incclComm_t comm : comms) EXPECT_EQ(incclCommDestroy(comm), incclSuccess);
}

class SetupFailures : public testing::TestWithParam<const char*> {};

TEST_P(SetupFailures, EverySingleCallMayFail) {
  createUseDestroy(GetParam());  // what lives as long as the process starts here
  const ExpectNoLeaks nothing;
  const uint64_t failed = forEachFailingCall(
      {}, [&](uint64_t) { createUseDestroy(GetParam()); }, 3000);
  EXPECT_GT(failed, 20u);
  createUseDestroy(GetParam());
}

INSTANTIATE_TEST_SUITE_P(Everywhere, SetupFailures, testing::Values("shm", "tcp", "auto"));

}  // namespace
}  // namespace inccl::test

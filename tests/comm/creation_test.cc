// All steps of a creation have one deadline together.
#include <gtest/gtest.h>

#include <thread>

#include "base/error_state.h"
#include "base/op_history.h"
#include "bootstrap/session.h"
#include "comm/communicator.h"
#include "support/run_ranks.h"

namespace inccl::comm {
namespace {

using bootstrap::Session;
using bootstrap::UniqueId;

// Rank 1 joins late, but in time, and then agrees on nothing.
TEST(Creation, EndsAtItsDeadlineThoughTheRanksHaveMet) {
  for (const char* transport : {"tcp", "shm", "inproc"}) {
    SCOPED_TRACE(transport);
    Config config;
    config.interfaceNames = "lo";
    config.transport = transport;
    config.creationTimeout = kSecond;
    auto id = UniqueId::create(config);
    ASSERT_TRUE(id.ok()) << id.status().message();
    test::runRanks(2, [&](int rank) {
      if (rank == 0) {
        auto communicator = Communicator::make(2, 0, config, "late");
        const Nanos start = nowNs();
        EXPECT_EQ(communicator->create(*id).code(), Code::kTimeout);
        EXPECT_GT(nowNs() - start, 900 * kMillisecond);
        EXPECT_LT(nowNs() - start, 1300 * kMillisecond);
        return;
      }
      ErrorState errors;
      OpHistory history;
      std::this_thread::sleep_for(std::chrono::milliseconds(700));
      auto session = Session::join(*id, 2, 1, config, errors, history);
      ASSERT_TRUE(session.ok()) << session.status().message();
      const Deadline deadline = Deadline::after(5 * kSecond);
      while (!errors.raised() && !deadline.passed())
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    });
  }
}

}  // namespace
}  // namespace inccl::comm

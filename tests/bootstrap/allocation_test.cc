// Memory runs out once, at every place of a session's life in turn: bad_alloc or an error, never a
// crash or a hang, and afterwards all is as before. (The C boundary turns bad_alloc into a code.)
#include <gtest/gtest.h>

#include <atomic>
#include <new>
#include <thread>
#include <vector>

#include "bootstrap/session_fixture.h"
#include "os/syscalls.h"
#include "support/fail_nth_allocation.h"
#include "support/process_resources.h"
#include "support/seed.h"

namespace inccl::bootstrap {
namespace {

Config shortConfig() {
  Config config = loopbackConfig();
  config.creationTimeout = 200 * kMillisecond;
  return config;
}

Status useSession(RankUnderTest& self, const UniqueId& id, int rank) {
  INCCL_TRY(self.join(id, 2, rank, shortConfig()));
  const auto brief = [] { return Deadline::after(200 * kMillisecond); };
  INCCL_TRY(self.session->allGather(toBytes("x"), brief()).status());
  INCCL_TRY(self.session->offerDescriptor("m", 0));
  INCCL_TRY(self.session->fetchDescriptor(1 - rank, "m", brief()).status());
  INCCL_TRY(self.session->connectTo(1 - rank, 0, brief()).status());
  INCCL_TRY(self.session->acceptFrom(1 - rank, 0, brief()).status());
  self.session->leave(1, 200 * kMillisecond);
  return self.errors.status();
}

struct Outcome {
  uint64_t allocations = 0;
  bool fired = false;
  int succeeded = 0;
};

// The n-th allocation of two ranks and the service thread fails. The harness's own threads are
// made before and looked at after.
Outcome tryWith(uint64_t n) {
  const UniqueId id = createId(shortConfig());
  std::atomic<bool> go{false};
  std::atomic<int> ended{0}, succeeded{0};
  std::vector<std::thread> ranks;
  for (int rank = 0; rank < 2; ++rank) {
    ranks.emplace_back([&, rank] {
      while (!go) (void)os::sys::poll(nullptr, 0, 1);
      try {
        RankUnderTest self;
        if (useSession(self, id, rank).ok()) ++succeeded;
      } catch (const std::bad_alloc&) {
      }
      ++ended;
    });
  }
  Outcome outcome;
  {
    const test::FailNthAllocation failing(n);
    go = true;
    while (ended < 2) (void)os::sys::poll(nullptr, 0, 1);
    outcome.allocations = failing.allocations();
    outcome.fired = failing.fired();
  }
  for (std::thread& rank : ranks) rank.join();
  outcome.succeeded = succeeded;
  return outcome;
}

TEST(Allocation, EveryFailureIsSurvived) {
  const Outcome counted = tryWith(0);
  ASSERT_EQ(counted.succeeded, 2);
  const auto before = test::ProcessResources::now();
  // A stride: neighbours fail in the same step. Soak runs take them all.
  for (uint64_t n = 1; n < counted.allocations + 100;
       n += static_cast<uint64_t>(test::testTrials(1) > 1 ? 1 : 7)) {
    const Nanos start = nowNs();
    const Outcome outcome = tryWith(n);
    ASSERT_LT(nowNs() - start, 5 * kSecond) << n;
    ASSERT_TRUE(outcome.fired || outcome.succeeded == 2) << n;
  }
  EXPECT_EQ(tryWith(0).succeeded, 2);
  EXPECT_EQ(before.leakedSince(10 * kSecond), "");
}

}  // namespace
}  // namespace inccl::bootstrap

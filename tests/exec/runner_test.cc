// Running operations: errors from elsewhere, deadlines, sleeping and waking, groups.
#include "exec/runner.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/eventfd.h>

#include <atomic>
#include <memory>
#include <thread>

#include "os/unique_fd.h"

namespace inccl::exec {
namespace {

using transport::Progress;

class CountingSupervisor final : public Supervisor {
 public:
  Status waitsLong(const Operation&) override {
    ++asked;
    return farewell;
  }
  Status deserted(const Operation&, Status why) override { return why; }
  Status mismatch(const Operation&) override { return invalidUsage("mismatch"); }
  Status broken(const Operation&) override { return remoteError("broken"); }
  Status timedOut(const Operation&, Nanos) override { return timeoutError("late"); }
  int asked = 0;
  Status farewell;
};

// Done, or another verdict, once a flag says so.
class FlagOperation final : public Operation {
 public:
  explicit FlagOperation(std::atomic<bool>& flag, Progress verdict = Progress::kDone)
      : flag_(flag), verdict_(verdict) {}
  Progress step() override {
    return flag_.load(std::memory_order_acquire) ? verdict_ : Progress::kPending;
  }
  int blamedRank() const override { return 1; }
  Status failure() const override { return remoteError("why"); }
  int awaitedRank() const override { return 1; }
  void addWaitHandles(std::vector<transport::WaitHandle>&) const override {}

 private:
  std::atomic<bool>& flag_;
  Progress verdict_;
};

struct Fixture {
  Fixture() {
    context.policy = WaitPolicy::forHost(true);
    context.errors = &errors;
    context.supervisor = &supervisor;
    context.doorbell = &doorbell;
    context.timeout = 10 * kSecond;
  }
  ErrorState errors;
  CountingSupervisor supervisor;
  os::Doorbell doorbell;
  RunContext context;
};

TEST(Runner, VerdictsGoToTheSupervisor) {
  std::atomic<bool> now{true};
  Fixture fixture;
  FlagOperation done(now), mismatch(now, Progress::kMismatch), broken(now, Progress::kBroken);
  EXPECT_TRUE(run(done, fixture.context).ok());
  EXPECT_EQ(run(mismatch, fixture.context).message(), "mismatch");
  EXPECT_EQ(run(broken, fixture.context).message(), "broken");
}

TEST(Runner, ADeadlineEndsTheWaitAndTheOthersAreAskedOnce) {
  std::atomic<bool> never{false};
  Fixture fixture;
  fixture.context.timeout = 150 * kMillisecond;
  FlagOperation operation(never);
  const Nanos start = nowNs();
  EXPECT_EQ(run(operation, fixture.context).code(), Code::kTimeout);
  EXPECT_LT(nowNs() - start, 2 * kSecond);
  EXPECT_EQ(fixture.supervisor.asked, 1);
}

TEST(Runner, AFarewellEndsAWaitForWhatWillNeverCome) {
  std::atomic<bool> never{false};
  Fixture fixture;
  fixture.supervisor.farewell = remoteError("rank 1 has left");
  FlagOperation operation(never);
  EXPECT_EQ(run(operation, fixture.context).message(), "rank 1 has left");
  std::vector<OperationQueue> queues;
  queues.push_back({&fixture.context, {}});
  queues.back().operations.push_back(std::make_unique<FlagOperation>(never));
  EXPECT_EQ(runTogether(queues).front().message(), "rank 1 has left");
}

// Moves at every step, and takes its time.
class SlowOperation final : public Operation {
 public:
  Progress step() override {
    std::this_thread::sleep_for(std::chrono::milliseconds(30));
    return ++steps_ == 10 ? Progress::kDone : Progress::kPending;
  }
  uint64_t movements() const override { return steps_; }
  int blamedRank() const override { return 1; }
  Status failure() const override { return {}; }
  int awaitedRank() const override { return 1; }
  void addWaitHandles(std::vector<transport::WaitHandle>&) const override {}

 private:
  uint64_t steps_ = 0;
};

TEST(Runner, WhatMovesIsNotWaitedFor) {
  Fixture fixture;
  fixture.context.timeout = 100 * kMillisecond;
  SlowOperation alone;
  EXPECT_TRUE(run(alone, fixture.context).ok());
  std::vector<OperationQueue> queues;
  queues.push_back({&fixture.context, {}});
  queues.back().operations.push_back(std::make_unique<SlowOperation>());
  EXPECT_TRUE(runTogether(queues).front().ok());
  EXPECT_EQ(fixture.supervisor.asked, 0);
}

TEST(Runner, AnErrorFromAnotherThreadEndsTheWait) {
  std::atomic<bool> never{false};
  Fixture fixture;
  FlagOperation operation(never);
  std::thread other([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(30));
    fixture.errors.raise(remoteError("rank 1 died"));
  });
  EXPECT_EQ(run(operation, fixture.context).message(), "rank 1 died");
  other.join();
}

TEST(Runner, ASleeperIsWokenByTheDoorbell) {
  os::joinDoorbellBarriers();
  std::atomic<bool> flag{false};
  Fixture fixture;
  fixture.context.policy.yieldFor = 0;
  fixture.context.policy.blockSlice = 5 * kSecond;
  FlagOperation operation(flag);
  std::thread other([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    flag.store(true, std::memory_order_release);
    fixture.doorbell.ring();
  });
  const Nanos start = nowNs();
  EXPECT_TRUE(run(operation, fixture.context).ok());
  EXPECT_LT(nowNs() - start, 4 * kSecond) << "slept through the bell";
  other.join();
}

// Done by the clock, and by nothing that comes.
class DueOperation final : public Operation {
 public:
  DueOperation(Nanos due, int fd) : due_(due), fd_(fd) {}
  Progress step() override { return nowNs() >= due_ ? Progress::kDone : Progress::kPending; }
  int blamedRank() const override { return -1; }
  Status failure() const override { return {}; }
  int awaitedRank() const override { return -1; }
  Nanos nextTime() const override { return due_; }
  void addWaitHandles(std::vector<transport::WaitHandle>& handles) const override {
    handles.push_back({fd_, POLLIN});
  }

 private:
  const Nanos due_;
  const int fd_;
};

TEST(Runner, ASleeperWakesForWhatIsDue) {
  Fixture fixture;
  fixture.context.doorbell = nullptr;
  fixture.context.policy.blockSlice = 5 * kSecond;
  const os::UniqueFd silent(::eventfd(0, EFD_CLOEXEC));
  const Nanos start = nowNs();
  DueOperation operation(start + 20 * kMillisecond, silent.get());
  EXPECT_TRUE(run(operation, fixture.context).ok());
  EXPECT_LT(nowNs() - start, 2 * kSecond);
}

TEST(Runner, OversubscribedRanksDoNotSpin) {
  EXPECT_EQ(WaitPolicy::forHost(true).spins, 0u);
  EXPECT_GT(WaitPolicy::forHost(false).spins, 0u);
}

TEST(Runner, QueuesOfAGroupRunSideBySideAndFailApart) {
  std::atomic<bool> first{false}, now{true};
  Fixture good, bad;
  std::vector<OperationQueue> queues;
  queues.push_back({&good.context, {}});
  queues.back().operations.push_back(std::make_unique<FlagOperation>(now));
  queues.back().operations.push_back(std::make_unique<FlagOperation>(first));
  queues.push_back({&bad.context, {}});
  queues.back().operations.push_back(std::make_unique<FlagOperation>(now, Progress::kBroken));
  queues.push_back({&good.context, {}});  // nothing to do
  std::thread other([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    first = true;
  });
  const auto statuses = runTogether(queues);
  other.join();
  ASSERT_EQ(statuses.size(), 3u);
  EXPECT_TRUE(statuses[0].ok());
  EXPECT_EQ(statuses[1].message(), "broken");
  EXPECT_TRUE(statuses[2].ok());
}

}  // namespace
}  // namespace inccl::exec

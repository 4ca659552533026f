// The loop's promises: order, timers, posted tasks, and handlers that remove what is being handled.
#include "os/event_loop.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "os/thread.h"
#include "support/fail_nth_call.h"
#include "support/process_resources.h"

namespace inccl::os {
namespace {

using ::testing::ElementsAre;

std::unique_ptr<EventLoop> makeLoop() {
  auto loop = EventLoop::create();
  EXPECT_TRUE(loop.ok()) << loop.status().message();
  return std::move(*loop);
}

struct Pair {
  UniqueFd left, right;
  Pair() {
    int fds[2];
    EXPECT_EQ(sys::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
    left.reset(fds[0]);
    right.reset(fds[1]);
  }
  void poke() { EXPECT_EQ(sys::send(left.get(), "x", 1, 0), 1); }
};

TEST(EventLoop, ReadableDescriptorsCallTheirHandlers) {
  const auto loop = makeLoop();
  Pair pair;
  int calls = 0;
  const auto watch = loop->watch(pair.right.get(), EPOLLIN, [&](uint32_t events) {
    EXPECT_TRUE(events & EPOLLIN);
    ++calls;
  });
  ASSERT_TRUE(watch.ok());
  loop->runOnce(0);
  EXPECT_EQ(calls, 0);
  pair.poke();
  loop->runOnce(0);
  EXPECT_EQ(calls, 1);
  ASSERT_TRUE(loop->modify(watch.value(), 0).ok());
  loop->runOnce(0);
  EXPECT_EQ(calls, 1);
  loop->unwatch(watch.value());
  EXPECT_EQ(loop->watchCount(), 0u);
  EXPECT_FALSE(loop->modify(watch.value(), EPOLLIN).ok());
}

TEST(EventLoop, AHandlerMayRemoveItselfAndOthersOfTheSameTurn) {
  const auto loop = makeLoop();
  Pair first, second;
  EventLoop::WatchId firstWatch{}, secondWatch{};
  int calls = 0;
  const auto removeBoth = [&](uint32_t) {
    ++calls;
    loop->unwatch(firstWatch);
    loop->unwatch(secondWatch);
  };
  firstWatch = loop->watch(first.right.get(), EPOLLIN, removeBoth).value();
  secondWatch = loop->watch(second.right.get(), EPOLLIN, removeBoth).value();
  first.poke();
  second.poke();
  loop->runOnce(0);
  loop->runOnce(0);
  EXPECT_EQ(calls, 1);
}

// The descriptor number is taken over by another registration while its event is under way.
TEST(EventLoop, AStaleEventDoesNotReachTheNewOwnerOfTheDescriptor) {
  const auto loop = makeLoop();
  Pair first, second, third;
  int wrong = 0, calls = 0;
  EventLoop::WatchId firstWatch{}, secondWatch{};
  const auto replaceOther = [&](EventLoop::WatchId& other, Pair& pair) {
    if (++calls > 1) return;
    loop->unwatch(other);
    ASSERT_EQ(::dup2(third.right.get(), pair.right.get()), pair.right.get());
    other = loop->watch(pair.right.get(), EPOLLIN, [&](uint32_t) { ++wrong; }).value();
  };
  firstWatch =
      loop->watch(first.right.get(), EPOLLIN, [&](uint32_t) { replaceOther(secondWatch, second); })
          .value();
  secondWatch =
      loop->watch(second.right.get(), EPOLLIN, [&](uint32_t) { replaceOther(firstWatch, first); })
          .value();
  first.poke();
  second.poke();
  loop->runOnce(0);
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(wrong, 0);
}

TEST(EventLoop, PostedTasksRunInOrderAndWakeTheLoop) {
  const auto loop = makeLoop();
  std::vector<int> order;
  auto thread = Thread::start("poster", [&] {
    for (int i = 0; i < 3; ++i) loop->post([&order, i] { order.push_back(i); });
  });
  ASSERT_TRUE(thread.ok());
  const Deadline deadline = Deadline::after(10 * kSecond);
  while (order.size() < 3 && !deadline.passed()) loop->runOnce(1000);
  EXPECT_THAT(order, ElementsAre(0, 1, 2));
}

TEST(EventLoop, ATaskMayPostATask) {
  const auto loop = makeLoop();
  bool done = false;
  loop->post([&] { loop->post([&] { done = true; }); });
  loop->runOnce(0);
  loop->runOnce(0);
  EXPECT_TRUE(done);
}

TEST(EventLoop, TimersRunWhenDueInOrderOfTheirInstants) {
  const auto loop = makeLoop();
  std::vector<int> order;
  const Nanos now = nowNs();
  loop->runAt(now + 20 * kMillisecond, [&] { order.push_back(2); });
  loop->runAt(now + 10 * kMillisecond, [&] { order.push_back(1); });
  const auto cancelled = loop->runAt(now + 5 * kMillisecond, [&] { order.push_back(0); });
  loop->cancel(cancelled);
  const Deadline deadline = Deadline::after(10 * kSecond);
  while (order.size() < 2 && !deadline.passed()) loop->runOnce();
  EXPECT_THAT(order, ElementsAre(1, 2));
  EXPECT_GE(nowNs() - now, 20 * kMillisecond);
}

TEST(EventLoop, ARepeatedTimerRepeatsUntilItCancelsItself) {
  const auto loop = makeLoop();
  int ticks = 0;
  EventLoop::TimerId timer{};
  timer = loop->runEvery(kMillisecond, [&] {
    if (++ticks == 3) loop->cancel(timer);
  });
  const Deadline deadline = Deadline::after(100 * kMillisecond);
  while (!deadline.passed()) loop->runOnce(10);
  EXPECT_EQ(ticks, 3);
}

TEST(EventLoop, DescriptorsAreServedBeforeTimers) {
  const auto loop = makeLoop();
  Pair pair;
  std::vector<std::string> order;
  const auto watch =
      loop->watch(pair.right.get(), EPOLLIN, [&](uint32_t) { order.push_back("data"); });
  ASSERT_TRUE(watch.ok());
  loop->runAt(nowNs() - kSecond, [&] { order.push_back("timer"); });
  pair.poke();
  loop->runOnce();
  EXPECT_THAT(order, ElementsAre("data", "timer"));
}

TEST(EventLoop, FailingCallsAreErrorsAndFailingWaitsAreOutlived) {
  test::forEachFailingCall({}, [](uint64_t) {
    auto loop = EventLoop::create();
    EXPECT_NE(loop.ok(), !loop.status().ok());
  });
  const auto loop = makeLoop();
  bool done = false;
  loop->post([&] { done = true; });
  const test::FailNthCall fails({.n = 1, .errorNumber = ENOMEM, .only = "epoll_wait"});
  loop->runOnce(0);
  loop->runOnce(0);
  EXPECT_TRUE(done);
}

// The counter of the eventfd cannot be written: the task waits for the next turn, it is not lost.
TEST(EventLoop, AFailedWakeUpIsRepeated) {
  const auto loop = makeLoop();
  bool done = false;
  {
    const test::FailNthCall fails({.n = 1, .errorNumber = EINTR, .only = "write"});
    loop->post([&] { done = true; });
    EXPECT_EQ(fails.calls(), 2u);
  }
  loop->runOnce(1000);
  EXPECT_TRUE(done);
}

TEST(EventLoop, AForkedChildLetsGoOfWhatItsParentWatches) {
  const auto loop = makeLoop();
  Pair pair;
  ASSERT_TRUE(loop->watch(pair.right.get(), EPOLLIN, [](uint32_t) {}).ok());
  loop->lockForFork();
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    loop->unlockAfterFork();
    loop->closeInForkedChild();
    const bool closed = ::write(pair.right.get(), "x", 1) < 0 && errno == EBADF;
    ::_exit(closed ? 0 : 1);
  }
  loop->unlockAfterFork();
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  pair.poke();  // the parent's is open
}

}  // namespace
}  // namespace inccl::os

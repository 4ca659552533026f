// Processes of --np: their ends become the exit status, nobody is left behind; the unique id's way
// from rank 0 to the others.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstring>
#include <string>

#include "perf/id_exchange.h"
#include "perf/options.h"
#include "perf/supervisor.h"

namespace inccl::perf {
namespace {

TEST(Supervisor, AllWellIsZero) {
  EXPECT_EQ(superviseProcesses(3, 1, [](int) { return 0; }).value(), 0);
}

TEST(Supervisor, AFailedTestIsPassedOn) {
  EXPECT_EQ(superviseProcesses(3, 1, [](int) { return kExitFailedTest; }).value(), kExitFailedTest);
}

TEST(Supervisor, AnyFailureCounts) {
  const auto status =
      superviseProcesses(3, 2, [](int process) { return process == 1 ? kExitCannotRun : 0; });
  EXPECT_EQ(status.value(), kExitCannotRun);
}

TEST(Supervisor, AKilledRankIsAFailureAndNamed) {
  ::testing::internal::CaptureStderr();
  const auto status = superviseProcesses(2, 1, [](int process) {
    if (process == 1) kill(getpid(), SIGKILL);
    return 0;
  });
  const std::string told = ::testing::internal::GetCapturedStderr();
  EXPECT_EQ(status.value(), kExitCannotRun);
  EXPECT_NE(told.find("rank 1 (pid "), std::string::npos) << told;
  EXPECT_NE(told.find("killed by signal 9"), std::string::npos) << told;
}

// The others' failures follow from the killed rank, so it is told whoever ends first.
TEST(Supervisor, AKilledRankIsToldAlsoWhenAnotherFailsBefore) {
  int failing[2];
  ASSERT_EQ(pipe(failing), 0);
  ::testing::internal::CaptureStderr();
  const auto status = superviseProcesses(2, 1, [&](int process) {
    char byte = 'x';
    if (process == 0) return write(failing[1], &byte, 1) == 1 ? kExitCannotRun : 0;
    if (read(failing[0], &byte, 1) == 1) kill(getpid(), SIGKILL);
    return 0;
  });
  const std::string told = ::testing::internal::GetCapturedStderr();
  EXPECT_EQ(status.value(), kExitCannotRun);
  EXPECT_NE(told.find("rank 1 (pid "), std::string::npos) << told;
  EXPECT_NE(told.find("killed by signal 9"), std::string::npos) << told;
  close(failing[0]);
  close(failing[1]);
}

// Children that ignore SIGTERM and would sleep for a minute end all the same.
TEST(Supervisor, AnInterruptEndsEvenStubbornChildren) {
  int ready[2];
  ASSERT_EQ(pipe(ready), 0);
  const pid_t parent = fork();
  if (parent == 0) {
    const auto status = superviseProcesses(2, 1, [&](int) {
      std::signal(SIGTERM, SIG_IGN);
      if (write(ready[1], "x", 1) != 1) return kExitCannotRun;
      for (int i = 0; i < 60; ++i) sleep(1);
      return 0;
    });
    _exit(status.value());
  }
  char byte = 0;
  for (int i = 0; i < 2; ++i) ASSERT_EQ(read(ready[0], &byte, 1), 1);
  const auto begin = std::chrono::steady_clock::now();
  kill(parent, SIGINT);
  int status = 0;
  ASSERT_EQ(waitpid(parent, &status, 0), parent);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 128 + SIGINT);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(20));
  close(ready[0]);
  close(ready[1]);
}

TEST(IdExchange, AnIdReachesAnotherProcess) {
  auto exchange = IdExchange::create();
  ASSERT_TRUE(exchange.ok());
  incclUniqueId id;
  std::memset(&id, 0x5a, sizeof id);
  const pid_t child = fork();
  if (child == 0) {
    const auto got = exchange.value().await();
    _exit(got.ok() && std::memcmp(&got.value(), &id, sizeof id) == 0 ? 0 : 1);
  }
  exchange.value().publish(id);
  int status = 1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

TEST(IdExchange, GivingUpFreesThoseThatWait) {
  auto exchange = IdExchange::create();
  ASSERT_TRUE(exchange.ok());
  exchange.value().giveUp();
  EXPECT_FALSE(exchange.value().await().ok());
}

}  // namespace
}  // namespace inccl::perf

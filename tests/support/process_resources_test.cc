// The leak check sees each kind of leak, and nothing where nothing leaks.
#include "support/process_resources.h"

#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <future>
#include <thread>

#include "os/unique_fd.h"

namespace inccl::test {
namespace {

using ::testing::Test;
constexpr Nanos kNoSettling = 0;

TEST(ProcessResources, NothingLeaksWhenNothingIsHeld) {
  const ExpectNoLeaks check;
  const os::UniqueFd fd(os::sys::eventfd(0, 0));
  std::thread([] {}).join();
}

TEST(ProcessResources, SeesADescriptor) {
  const auto before = ProcessResources::now();
  os::UniqueFd fd(os::sys::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ASSERT_TRUE(fd.valid());
  EXPECT_EQ(before.leakedSince(kNoSettling), "leaked 1 x fd socket:\n");
  fd.reset();
  EXPECT_EQ(before.leakedSince(), "");
}

TEST(ProcessResources, ANewSocketInPlaceOfAnOldOneIsNoLeak) {
  os::UniqueFd old(os::sys::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const auto before = ProcessResources::now();
  const os::UniqueFd other(os::sys::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  old.reset();
  EXPECT_EQ(before.leakedSince(kNoSettling), "");
}

TEST(ProcessResources, SeesAThread) {
  std::promise<void> release;
  const auto before = ProcessResources::now();
  std::thread thread([&] { release.get_future().wait(); });
  EXPECT_TRUE(before.leakedSince(kNoSettling).starts_with("leaked 1 x thread "));
  release.set_value();
  thread.join();
  EXPECT_EQ(before.leakedSince(), "");
}

TEST(ProcessResources, SeesASharedMapping) {
  const auto before = ProcessResources::now();
  constexpr size_t kBytes = 8192;
  os::UniqueFd fd(os::sys::memfdCreate("leaky", 0));
  ASSERT_TRUE(fd.valid());
  ASSERT_EQ(os::sys::ftruncate(fd.get(), kBytes), 0);
  void* const block =
      os::sys::mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(), 0);
  ASSERT_NE(block, MAP_FAILED);
  fd.reset();
  EXPECT_EQ(before.leakedSince(kNoSettling), "leaked 1 x map /memfd:leaky (deleted)\n");
  os::sys::munmap(block, kBytes);
  EXPECT_EQ(before.leakedSince(), "");
}

TEST(ProcessResources, ALeakFailsTheTest) {
  os::UniqueFd fd;
  EXPECT_NONFATAL_FAILURE(
      {
        const ExpectNoLeaks check;
        fd.reset(os::sys::eventfd(0, 0));
      },
      "fd anon_inode");
}

}  // namespace
}  // namespace inccl::test

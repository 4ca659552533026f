// Abstract sockets: names, who is at the other end, and descriptors that travel.
#include "os/unix_socket.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "os/listener.h"
#include "support/fail_nth_call.h"
#include "support/process_resources.h"

namespace inccl::os {
namespace {

using ::testing::HasSubstr;

WaitLimit soon() { return {Deadline::after(5 * kSecond)}; }

std::string freshName() {
  static int count = 0;
  return fmt::format("inccl-test-{}-{}", ::getpid(), count++);
}

struct Link {
  UniqueFd client, server;
};
Link link() {
  const std::string name = freshName();
  auto listening = listenAbstract(name);
  EXPECT_TRUE(listening.ok()) << listening.status().message();
  auto client = connectAbstract(name);
  EXPECT_TRUE(client.ok() && client->valid());
  auto server = acceptStream(listening->get());
  EXPECT_TRUE(server.ok() && server->valid());
  return {std::move(*client), std::move(*server)};
}

TEST(UnixSocket, NobodyListeningIsNoError) {
  auto fd = connectAbstract(freshName());
  ASSERT_TRUE(fd.ok()) << fd.status().message();
  EXPECT_FALSE(fd->valid());
}

TEST(UnixSocket, NamesHaveLimitsAndOneOwner) {
  EXPECT_EQ(listenAbstract("").status().code(), Code::kInvalidArgument);
  EXPECT_EQ(connectAbstract(std::string(kAbstractNameLimit + 1, 'x')).status().code(),
            Code::kInvalidArgument);
  const std::string name = freshName() + std::string(40, 'x');
  const auto first = listenAbstract(name);
  ASSERT_TRUE(first.ok());
  const auto second = listenAbstract(name);
  EXPECT_EQ(second.status().code(), Code::kSystemError);
  EXPECT_THAT(std::string(second.status().message()), HasSubstr(name));
}

TEST(UnixSocket, OwnProcessIsTheSameUser) {
  const Link ends = link();
  EXPECT_TRUE(requireSameUser(ends.client.get()).ok());
  EXPECT_TRUE(requireSameUser(ends.server.get()).ok());
}

TEST(UnixSocket, ADescriptorTravelsWithItsData) {
  const Link ends = link();
  const UniqueFd memory(sys::memfdCreate("test", 0));
  ASSERT_EQ(::write(memory.get(), "shared", 6), 6);
  std::array<std::byte, 100> data{}, got{};
  data[99] = std::byte{9};
  ASSERT_TRUE(sendWithDescriptor(ends.server.get(), data, memory.get(), soon()).ok());
  UniqueFd received;
  ASSERT_TRUE(recvAllWithDescriptor(ends.client.get(), got, received, soon(), "test").ok());
  EXPECT_EQ(got, data);
  ASSERT_TRUE(received.valid());
  EXPECT_NE(received.get(), memory.get());
  std::array<char, 6> text{};
  EXPECT_EQ(::pread(received.get(), text.data(), 6, 0), 6);
  EXPECT_EQ(std::string(text.data(), 6), "shared");
}

TEST(UnixSocket, SurplusDescriptorsAreClosed) {
  const Link ends = link();
  const UniqueFd memory(sys::memfdCreate("test", 0));
  const test::ExpectNoLeaks noLeaks;
  const std::array<std::byte, 1> byte{};
  for (int i = 0; i < 2; ++i)
    ASSERT_TRUE(sendWithDescriptor(ends.server.get(), byte, memory.get(), soon()).ok());
  std::array<std::byte, 2> got{};
  UniqueFd received;
  ASSERT_TRUE(recvAllWithDescriptor(ends.client.get(), got, received, soon(), "test").ok());
  EXPECT_TRUE(received.valid());
}

TEST(UnixSocket, DataWithoutADescriptorIsSeen) {
  const Link ends = link();
  const std::array<std::byte, 1> byte{};
  ASSERT_TRUE(sendAll(ends.server.get(), byte, soon(), "test").ok());
  std::array<std::byte, 1> got{};
  UniqueFd received;
  ASSERT_TRUE(recvAllWithDescriptor(ends.client.get(), got, received, soon(), "test").ok());
  EXPECT_FALSE(received.valid());
}

TEST(UnixSocket, WaitsHaveAnEnd) {
  Link ends = link();
  std::array<std::byte, 1> got{};
  UniqueFd received;
  const WaitLimit brief{Deadline::after(20 * kMillisecond)};
  EXPECT_EQ(recvAllWithDescriptor(ends.client.get(), got, received, brief, "test").code(),
            Code::kTimeout);
  ends.server.reset();
  EXPECT_EQ(recvAllWithDescriptor(ends.client.get(), got, received, soon(), "test").code(),
            Code::kRemoteError);
}

TEST(UnixSocket, FailingCallsAreErrors) {
  const Link ends = link();
  const std::array<std::byte, 1> byte{};
  {
    const test::FailNthCall fails({.n = 1, .errorNumber = ENOBUFS, .only = "sendmsg"});
    EXPECT_EQ(sendWithDescriptor(ends.server.get(), byte, ends.client.get(), soon()).code(),
              Code::kSystemError);
  }
  const test::FailNthCall fails({.n = 1, .errorNumber = ENOPROTOOPT, .only = "getsockopt"});
  EXPECT_EQ(requireSameUser(ends.client.get()).code(), Code::kSystemError);
}

}  // namespace
}  // namespace inccl::os

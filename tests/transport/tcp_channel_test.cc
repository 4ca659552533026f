// Channels over real sockets: TCP on the loopback address, in every mix of
// verbs, with failing calls, small kernel buffers and peers that go.
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <cerrno>
#include <numeric>
#include <thread>

#include "base/hash.h"
#include "os/syscalls.h"
#include "support/fail_nth_call.h"
#include "transport/message_exchange.h"
#include "transport/tcp/socket_stream.h"

namespace inccl::transport::tcp {
namespace {

using inccl::test::FailNthCall;
using test::Verbs;
namespace sys = os::sys;

constexpr size_t kSlotBytes = 256 * 1024;

struct TcpPair {
  int sendFd = -1, recvFd = -1;
  std::unique_ptr<SendChannel> send;
  std::unique_ptr<RecvChannel> recv;
};

// A connected pair; `kernelBytes` bounds the kernel's buffers, 0 leaves them.
TcpPair tcpPair(size_t slotBytes = kSlotBytes, int kernelBytes = 0) {
  const os::UniqueFd listener(sys::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  os::UniqueFd client(sys::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (kernelBytes > 0) {
    sys::setsockopt(client.get(), SOL_SOCKET, SO_SNDBUF, &kernelBytes, sizeof kernelBytes);
    sys::setsockopt(listener.get(), SOL_SOCKET, SO_RCVBUF, &kernelBytes, sizeof kernelBytes);
  }
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto* const raw = reinterpret_cast<sockaddr*>(&address);
  socklen_t length = sizeof address;
  EXPECT_EQ(sys::bind(listener.get(), raw, length), 0);
  EXPECT_EQ(sys::listen(listener.get(), 1), 0);
  EXPECT_EQ(sys::getsockname(listener.get(), raw, &length), 0);
  EXPECT_EQ(sys::connect(client.get(), raw, length), 0);
  os::UniqueFd server(sys::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
  const int on = 1;
  sys::setsockopt(client.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  TcpPair pair;
  pair.sendFd = client.get();
  pair.recvFd = server.get();
  pair.send = std::make_unique<StreamSendChannel>(std::make_unique<SocketStream>(std::move(client)),
                                                  slotBytes);
  pair.recv = std::make_unique<StreamRecvChannel>(std::make_unique<SocketStream>(std::move(server)),
                                                  slotBytes);
  return pair;
}

// Receives once the bytes have crossed the kernel, which may take a moment.
Progress receiveSoon(RecvChannel& channel, std::byte* data, size_t bytes, OpTag tag) {
  const Deadline deadline = Deadline::after(test::kPatience);
  for (;;) {
    const Progress verdict = channel.receive(data, bytes, tag);
    if (verdict != Progress::kPending || deadline.passed()) return verdict;
  }
}

std::vector<size_t> oddLengths(size_t slotBytes) {
  return {0,     1, 7, 8,     65535, slotBytes, slotBytes - 1, 0, slotBytes, slotBytes,
          16368, 7, 1, 16369, 12345, 3,         65536,         8};
}

TEST(TcpChannel, CarriesEveryLengthByEveryMixOfVerbs) {
  for (const Verbs sending : test::kAllVerbs) {
    for (const Verbs receiving : test::kAllVerbs) {
      TcpPair pair = tcpPair();
      test::exchange(*pair.send, *pair.recv, oddLengths(kSlotBytes), sending, receiving);
    }
  }
}

TEST(TcpChannel, CarriesMuchMoreThanTheKernelHolds) {
  std::vector<size_t> lengths(60, kSlotBytes);
  for (size_t i = 0; i < 2000; ++i) lengths.push_back(i * 37 % 1500);
  for (const Verbs verbs : test::kAllVerbs) {
    TcpPair pair = tcpPair(kSlotBytes, 4096);
    test::exchange(*pair.send, *pair.recv, lengths, verbs, verbs);
  }
}

TEST(TcpChannel, ASmallMessageTakesOneCallOnEachSide) {
  for (const size_t bytes : {size_t{0}, size_t{8}, size_t{8192}}) {
    TcpPair pair = tcpPair();
    const auto data = test::content(bytes, 1);
    std::vector<std::byte> into(bytes);
    {
      const FailNthCall counting({});
      ASSERT_EQ(pair.send->send(data.data(), bytes, test::tagOf(1)), Progress::kDone);
      EXPECT_EQ(counting.calls(), 1u);
    }
    pollfd ready{pair.recvFd, POLLIN, 0};
    ASSERT_EQ(sys::poll(&ready, 1, 10000), 1);
    const FailNthCall counting({});
    ASSERT_EQ(pair.recv->receive(into.data(), bytes, test::tagOf(1)), Progress::kDone);
    EXPECT_EQ(counting.calls(), 1u);
    EXPECT_EQ(into, data);
  }
}

TEST(TcpChannel, SeveralSmallMessagesComeWithOneCall) {
  TcpPair pair = tcpPair();
  for (uint32_t number = 1; number <= 100; ++number) {
    const auto data = test::content(8, number);
    ASSERT_EQ(pair.send->send(data.data(), 8, test::tagOf(number)), Progress::kDone);
  }
  std::vector<std::byte> into(8);
  ASSERT_EQ(receiveSoon(*pair.recv, into.data(), 8, test::tagOf(1)), Progress::kDone);
  uint64_t calls = 0;
  for (uint32_t number = 2; number <= 100; ++number) {
    const FailNthCall counting({});
    ASSERT_EQ(receiveSoon(*pair.recv, into.data(), 8, test::tagOf(number)), Progress::kDone);
    EXPECT_EQ(into, test::content(8, number));
    calls += counting.calls();
  }
  EXPECT_LT(calls, 50u);
}

TEST(TcpChannel, AMismatchOfTagOrSizeLeavesTheMessage) {
  for (const size_t bytes : {size_t{100}, kSlotBytes}) {
    TcpPair pair = tcpPair();
    const auto data = test::content(bytes, 5);
    std::vector<std::byte> into(bytes);
    ASSERT_EQ(pair.send->send(data.data(), bytes, test::tagOf(5)), Progress::kDone);
    ASSERT_EQ(receiveSoon(*pair.recv, into.data(), bytes, test::tagOf(6)), Progress::kMismatch);
    EXPECT_EQ(into, std::vector<std::byte>(bytes)) << "data of another operation is never taken";
    EXPECT_EQ(pair.recv->receive(into.data(), bytes - 1, test::tagOf(5)), Progress::kMismatch);
    EXPECT_EQ(pair.recv->receive(into.data(), 0, test::tagOf(5)), Progress::kMismatch);
    EXPECT_TRUE(pair.recv->failure().ok());
    const Deadline deadline = Deadline::after(test::kPatience);
    Arrival arrival;
    while (!arrival.data && !deadline.passed()) {
      ASSERT_NE(pair.send->flush(), Progress::kBroken);
      arrival = pair.recv->arrived();
    }
    ASSERT_EQ(arrival.bytes, bytes);
    EXPECT_EQ(std::memcmp(arrival.data, data.data(), bytes), 0);
    EXPECT_EQ(pair.recv->receive(into.data(), bytes, test::tagOf(6)), Progress::kMismatch);
    EXPECT_EQ(pair.recv->receive(into.data(), bytes, test::tagOf(5)), Progress::kDone);
    EXPECT_EQ(into, data);
  }
}

TEST(TcpChannel, TheSenderSleepsOnlyWhileSomethingWaitsToBeWritten) {
  TcpPair pair = tcpPair(kSlotBytes, 4096);
  EXPECT_EQ(pair.send->waitHandle().fd, -1);
  EXPECT_EQ(pair.recv->waitHandle().fd, pair.recvFd);
  EXPECT_EQ(pair.recv->waitHandle().events, POLLIN);
  const auto data = test::content(kSlotBytes, 1);
  while (pair.send->send(data.data(), data.size(), test::tagOf(1)) == Progress::kDone) {
  }
  EXPECT_EQ(pair.send->waitHandle().fd, pair.sendFd);
  EXPECT_EQ(pair.send->waitHandle().events, POLLOUT);
}

TEST(TcpChannel, ASenderThatClosesIsNoticedAfterItsMessages) {
  TcpPair pair = tcpPair();
  const auto data = test::content(10, 1);
  std::vector<std::byte> into(10);
  ASSERT_EQ(pair.send->send(data.data(), 10, test::tagOf(1)), Progress::kDone);
  pair.send.reset();
  EXPECT_EQ(receiveSoon(*pair.recv, into.data(), 10, test::tagOf(1)), Progress::kDone);
  EXPECT_EQ(receiveSoon(*pair.recv, into.data(), 10, test::tagOf(1)), Progress::kBroken);
  EXPECT_TRUE(pair.recv->broken());
  EXPECT_EQ(pair.recv->failure().code(), Code::kRemoteError);
  EXPECT_EQ(pair.recv->failure().message(), "the connection was closed by the peer");
}

TEST(TcpChannel, ASenderThatClosesWithinAMessageIsNamedWithWhatIsMissing) {
  TcpPair pair = tcpPair(kSlotBytes, 4096);
  const auto data = test::content(kSlotBytes, 1);
  ASSERT_EQ(pair.send->send(data.data(), kSlotBytes, test::tagOf(1)), Progress::kDone);
  ASSERT_EQ(pair.send->flush(), Progress::kPending) << "the kernel cannot hold it all";
  pair.send.reset();
  std::vector<std::byte> into(kSlotBytes);
  EXPECT_EQ(receiveSoon(*pair.recv, into.data(), kSlotBytes, test::tagOf(1)), Progress::kBroken);
  const std::string text(pair.recv->failure().message());
  EXPECT_NE(text.find("closed by the peer after "), std::string::npos) << text;
  EXPECT_NE(text.find(" of 262144 bytes of a message"), std::string::npos) << text;
}

TEST(TcpChannel, AReceiverThatClosesBreaksTheSender) {
  TcpPair pair = tcpPair(kSlotBytes, 4096);
  pair.recv.reset();
  const auto data = test::content(kSlotBytes, 1);
  const Deadline deadline = Deadline::after(test::kPatience);
  Progress verdict = Progress::kDone;
  while (verdict != Progress::kBroken && !deadline.passed())
    verdict = pair.send->send(data.data(), data.size(), test::tagOf(1));
  ASSERT_EQ(verdict, Progress::kBroken);
  EXPECT_EQ(pair.send->failure().code(), Code::kRemoteError);
  EXPECT_NE(pair.send->failure().message().find("closed by the peer: "), std::string_view::npos);
  EXPECT_EQ(pair.send->flush(), Progress::kBroken);
  EXPECT_EQ(pair.send->reserve(), nullptr);
}

TEST(TcpChannel, PassingErrorsOfCallsChangeNothing) {
  for (const char* call : {"sendmsg", "recv", "recvmsg"}) {
    for (const int error : {EINTR, EAGAIN, ENOBUFS}) {
      bool reached = true;
      for (uint64_t n = 1; n <= 8 && reached; ++n) {
        SCOPED_TRACE(testing::Message() << call << " number " << n << " errno " << error);
        TcpPair pair = tcpPair(kSlotBytes, 4096);
        const FailNthCall failing({.n = n, .errorNumber = error, .only = call});
        test::exchange(*pair.send, *pair.recv, {0, 8, kSlotBytes, 7, kSlotBytes}, Verbs::kCopy,
                       Verbs::kCopy);
        if (HasFailure()) return;
        reached = failing.failedCall() == call;
        EXPECT_TRUE(reached || n > 1) << "the call is not made at all";
      }
    }
  }
}

TEST(TcpChannel, LastingErrorsOfCallsBreakTheChannelWithTheirText) {
  struct Case {
    const char* call;
    int error;
    Code code;
    const char* text;
  };
  const Case cases[] = {
      {"sendmsg", ECONNRESET, Code::kRemoteError, "closed by the peer: sending: Connection reset"},
      {"sendmsg", EPIPE, Code::kRemoteError, "closed by the peer: sending: Broken pipe"},
      {"sendmsg", EIO, Code::kSystemError, "sending: Input/output error"},
      {"recv", ECONNRESET, Code::kRemoteError, "closed by the peer: receiving: Connection reset"},
      {"recvmsg", ETIMEDOUT, Code::kSystemError, "receiving: Connection timed out"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(testing::Message() << c.call << " errno " << c.error);
    TcpPair pair = tcpPair();
    const auto data = test::content(kSlotBytes, 1);
    std::vector<std::byte> into(kSlotBytes);
    const FailNthCall failing({.n = 1, .errorNumber = c.error, .only = c.call});
    const Progress sent = pair.send->send(data.data(), kSlotBytes, test::tagOf(1));
    const Progress received = sent == Progress::kBroken ? sent
                                                        : receiveSoon(*pair.recv, into.data(),
                                                                      kSlotBytes, test::tagOf(1));
    ASSERT_EQ(received, Progress::kBroken);
    const Status failure = sent == Progress::kBroken ? pair.send->failure() : pair.recv->failure();
    EXPECT_EQ(failure.code(), c.code);
    EXPECT_NE(failure.message().find(c.text), std::string_view::npos) << failure.message();
  }
}

TEST(TcpChannel, BreachesOfTheContractBreakTheChannelAndNotTheProcess) {
  const auto data = test::content(200, 1);
  TcpPair tooLarge = tcpPair(128);
  EXPECT_EQ(tooLarge.send->send(data.data(), 129, test::tagOf(1)), Progress::kBroken);
  TcpPair reserved = tcpPair(128);
  ASSERT_NE(reserved.send->reserve(), nullptr);
  EXPECT_EQ(reserved.send->send(data.data(), 8, test::tagOf(1)), Progress::kBroken);
  TcpPair unreserved = tcpPair(128);
  unreserved.send->commit(8, test::tagOf(1));
  EXPECT_EQ(unreserved.send->flush(), Progress::kBroken);
  TcpPair released = tcpPair(128);
  released.recv->release();
  EXPECT_TRUE(released.recv->broken());
  for (const Status& failure : {tooLarge.send->failure(), reserved.send->failure(),
                                unreserved.send->failure(), released.recv->failure()})
    EXPECT_EQ(failure.code(), Code::kInternalError) << failure.message();
}

TEST(TcpChannel, CarriesHundredMegabytesBetweenThreads) {
  constexpr size_t kMessages = 100 * 1024 * 1024 / kSlotBytes;
  TcpPair pair = tcpPair();
  const Deadline deadline = Deadline::after(test::kPatience);
  uint64_t sentHash = 0, receivedHash = 0;
  const auto fold = [](uint64_t hash, const std::byte* data) {
    return hashBytes({reinterpret_cast<const char*>(data), kSlotBytes}, hash);
  };
  std::thread sender([&] {
    auto data = test::content(kSlotBytes, 1);
    for (uint32_t number = 1; number <= kMessages; ++number) {
      std::memcpy(data.data(), &number, sizeof number);
      sentHash = fold(sentHash, data.data());
      while (pair.send->send(data.data(), kSlotBytes, test::tagOf(number)) == Progress::kPending &&
             !deadline.passed())
        std::this_thread::yield();
    }
    while (pair.send->flush() == Progress::kPending && !deadline.passed())
      std::this_thread::yield();
  });
  std::vector<std::byte> into(kSlotBytes);
  Progress verdict = Progress::kDone;
  for (uint32_t number = 1; number <= kMessages && verdict == Progress::kDone; ++number) {
    while ((verdict = pair.recv->receive(into.data(), kSlotBytes, test::tagOf(number))) ==
               Progress::kPending &&
           !deadline.passed())
      std::this_thread::yield();
    receivedHash = fold(receivedHash, into.data());
  }
  sender.join();
  EXPECT_EQ(verdict, Progress::kDone) << pair.recv->failure().message();
  EXPECT_EQ(receivedHash, sentHash);
}

}  // namespace
}  // namespace inccl::transport::tcp

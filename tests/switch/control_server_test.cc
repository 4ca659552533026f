// The controller's door and what rude people do at it: garbage, drips, floods, wrong order.
#include "switch/controller/control_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <atomic>
#include <cstring>
#include <thread>

#include "os/stream_socket.h"
#include "wire/sealed_frame.h"
#include "wire/switch_messages.h"

namespace inccl::controller {
namespace {

using wire::SwitchMessage;
using Bytes = std::vector<std::byte>;

os::WaitLimit limit() { return {Deadline::after(10 * kSecond)}; }

// A controller on a thread of its own, without packets.
class Door {
 public:
  Door() {
    server_ = std::move(ControlServer::open(*loop_, controller_,
                                            os::SocketAddress::loopback(AF_INET, 0), "token"))
                  .value();
    thread_ = std::thread([this] {
      while (!stopped_.load()) loop_->runOnce();
    });
  }
  ~Door() {
    stopped_.store(true);
    loop_->wake();
    thread_.join();
    server_.reset();
  }
  Door(const Door&) = delete;
  Door& operator=(const Door&) = delete;
  uint16_t port() const { return server_->port(); }

 private:
  std::unique_ptr<switchml::SwitchMl> program_ =
      std::move(switchml::SwitchMl::load(pipeline::Profile::full(), {64, 256, 1023})).value();
  Controller controller_{*program_, {64, 64, 256, size_t{64} << 20, 4711, "full"}};
  std::unique_ptr<os::EventLoop> loop_ = std::move(os::EventLoop::create()).value();
  std::unique_ptr<ControlServer> server_;
  std::atomic<bool> stopped_{false};
  std::thread thread_;
};

// A client that may say anything.
class Caller {
 public:
  explicit Caller(const Door& door) {
    const auto address = os::SocketAddress::loopback(AF_INET, door.port());
    auto connected = os::connectFirst({&address, 1}, limit());
    EXPECT_TRUE(connected.ok()) << connected.status().message();
    fd_ = std::move(connected.value().fd);
  }
  void say(std::span<const std::byte> bytes) {
    // The other side may have closed already, which is for isShownOut() to see.
    static_cast<void>(os::sendAll(fd_.get(), bytes, limit(), "the door"));
  }
  // True when the door closes the connection, whatever it said before.
  bool isShownOut() {
    std::array<std::byte, 256> any;
    for (const Deadline deadline = Deadline::after(8 * kSecond); !deadline.passed();) {
      pollfd waiting{fd_.get(), POLLIN, 0};
      if (::poll(&waiting, 1, 100) <= 0) continue;
      const ssize_t got = ::recv(fd_.get(), any.data(), any.size(), MSG_DONTWAIT);
      if (got == 0 || (got < 0 && errno == ECONNRESET)) return true;
    }
    return false;
  }
  void greet() {
    const auto mine = std::move(wire::SealHello::make()).value();
    say(mine.encode());
    std::array<std::byte, wire::SealHello::kBytes> theirs;
    ASSERT_TRUE(os::recvAll(fd_.get(), theirs, limit(), "the door").ok());
    const auto keys =
        wire::SealKeys::derive("token", mine, std::move(wire::SealHello::decode(theirs)).value());
    writing_.emplace(keys.fromClient);
    reading_.emplace(keys.fromSwitch);
  }
  Bytes seal(std::span<const std::byte> plain) { return writing_->close(plain); }
  Bytes hear() {
    std::array<std::byte, wire::Seal::kLengthBytes> head{};
    if (!os::recvAll(fd_.get(), head, limit(), "the door").ok()) return {};
    Bytes sealed(std::move(wire::Seal::length(head)).value());
    EXPECT_TRUE(os::recvAll(fd_.get(), sealed, limit(), "the door").ok());
    return std::move(reading_->open(sealed)).value();
  }
  // The kind of the answer.
  SwitchMessage ask(std::span<const std::byte> plain) {
    say(seal(plain));
    const Bytes answer = hear();
    return answer.empty() ? SwitchMessage{} : static_cast<SwitchMessage>(answer[0]);
  }
  int fd() const { return fd_.get(); }

 private:
  os::UniqueFd fd_;
  std::optional<wire::Seal> writing_, reading_;
};

Bytes joinOf(size_t workers, uint32_t slots = 8) {
  wire::JoinSwitch join;
  join.job = "job";
  join.slots = slots;
  for (size_t i = 0; i < workers; ++i)
    join.workers.push_back({fmt::format("127.0.0.1:{}", 2000 + i)});
  wire::Writer writer;
  writer.choice(SwitchMessage::kJoin, wire::isKnownSwitchMessage);
  writer.integer(join.version);
  writer.text(join.job, wire::kMostSwitchText);
  writer.integer(join.slots);
  writer.list(join.workers, workers);  // more than a message may have, where a test wants that
  return writer.take();
}

const Bytes kCounters = wire::encodeSwitchMessage(SwitchMessage::kCounters);
const Bytes kLeave = wire::encodeSwitchMessage(SwitchMessage::kLeave);

TEST(ControlServer, GarbageInsteadOfAHelloIsShownOut) {
  const Door door;
  Caller caller(door);
  caller.say(Bytes(100, std::byte{'x'}));
  EXPECT_TRUE(caller.isShownOut());
}

TEST(ControlServer, WhoSaysNothingIsShownOutInTime) {
  const Door door;
  Caller silent(door), halfway(door);
  halfway.greet();
  EXPECT_TRUE(silent.isShownOut());
  EXPECT_TRUE(halfway.isShownOut());
}

TEST(ControlServer, FramesThatCannotBeAreShownOut) {
  const Door door;
  for (const uint32_t length : {0u, 15u, uint32_t{wire::Seal::kMostFrameBytes} + 1, UINT32_MAX}) {
    Caller caller(door);
    caller.greet();
    Bytes head(4);
    std::memcpy(head.data(), &length, 4);
    caller.say(head);
    EXPECT_TRUE(caller.isShownOut()) << length;
  }
}

TEST(ControlServer, AFrameThatWasChangedOrRepeatedIsShownOut) {
  const Door door;
  Caller changed(door), repeats(door);
  changed.greet();
  Bytes frame = changed.seal(kCounters);
  frame.back() ^= std::byte{1};
  changed.say(frame);
  EXPECT_TRUE(changed.isShownOut());
  repeats.greet();
  const Bytes once = repeats.seal(kCounters);
  repeats.say(once);
  EXPECT_FALSE(repeats.hear().empty());
  repeats.say(once);
  EXPECT_TRUE(repeats.isShownOut());
}

TEST(ControlServer, MessagesThatMeanNothingAreShownOut) {
  const Door door;
  const Bytes odd[] = {{},
                       {std::byte{0}},
                       {std::byte{99}},
                       {std::byte{2}},
                       {std::byte{1}},
                       {std::byte{10}, std::byte{1}},
                       {std::byte{9}, std::byte{7}},
                       joinOf(1024)};
  for (const Bytes& message : odd) {
    Caller caller(door);
    caller.greet();
    caller.say(caller.seal(message));
    EXPECT_TRUE(caller.isShownOut()) << message.size();
  }
}

TEST(ControlServer, ByteAfterByteIsUnderstoodToo) {
  const Door door;
  Caller caller(door);
  caller.greet();
  for (const std::byte byte : caller.seal(joinOf(2))) caller.say({&byte, 1});
  EXPECT_EQ(static_cast<SwitchMessage>(caller.hear().at(0)), SwitchMessage::kGrant);
}

TEST(ControlServer, WrongOrderIsRefusedAndTheConnectionGoesOn) {
  const Door door;
  Caller caller(door);
  caller.greet();
  const Bytes attach =
      wire::encodeSwitchMessage(SwitchMessage::kAttach, wire::AttachSwitch{0x12345678});
  EXPECT_EQ(caller.ask(wire::encodeSwitchMessage(SwitchMessage::kNewEpoch)),
            SwitchMessage::kRefusal);
  EXPECT_EQ(caller.ask(attach), SwitchMessage::kRefusal);
  EXPECT_EQ(caller.ask(kLeave), SwitchMessage::kDone);
  EXPECT_EQ(caller.ask(joinOf(0)), SwitchMessage::kRefusal);
  EXPECT_EQ(caller.ask(joinOf(1, 0)), SwitchMessage::kRefusal);
  EXPECT_EQ(caller.ask(joinOf(1023, 64)), SwitchMessage::kGrant);
  EXPECT_EQ(caller.ask(joinOf(1)), SwitchMessage::kRefusal);
  EXPECT_EQ(caller.ask(attach), SwitchMessage::kRefusal);
  EXPECT_EQ(caller.ask(kLeave), SwitchMessage::kDone);
  EXPECT_EQ(caller.ask(kLeave), SwitchMessage::kDone);
  EXPECT_EQ(caller.ask(joinOf(2, 64)), SwitchMessage::kGrant);
}

// Answers that nobody reads are not heaped up: who takes none is asked none.
TEST(ControlServer, WhoNeverReadsIsNotReadFromForEver) {
  const Door door;
  Caller caller(door);
  caller.greet();
  constexpr size_t kMuch = size_t{8} << 20;  // more than sockets hold
  size_t said = 0;
  while (said < kMuch) {
    Bytes frames;
    for (int i = 0; i < 1000; ++i) {
      const Bytes frame = caller.seal(kCounters);
      frames.insert(frames.end(), frame.begin(), frame.end());
    }
    const Status sent =
        os::sendAll(caller.fd(), frames, {Deadline::after(kSecond / 2)}, "the door");
    if (!sent.ok()) break;
    said += frames.size();
  }
  EXPECT_LT(said, kMuch);
  Caller other(door);
  other.greet();
  EXPECT_EQ(other.ask(kCounters), SwitchMessage::kCounterList);
}

// As many strangers as there may be connections, and one who knows the token.
TEST(ControlServer, StrangersKeepNobodyOut) {
  rlimit limits{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limits), 0);
  limits.rlim_cur = limits.rlim_max;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &limits), 0);
  if (limits.rlim_cur < 3 * ControlServer::kMostConnections)
    GTEST_SKIP() << "too few descriptors may be open here";
  const Door door;
  std::vector<std::unique_ptr<Caller>> strangers;
  for (size_t i = 0; i < ControlServer::kMostConnections; ++i)
    strangers.push_back(std::make_unique<Caller>(door));
  Caller caller(door);
  caller.greet();
  EXPECT_EQ(caller.ask(kCounters), SwitchMessage::kCounterList);
  EXPECT_TRUE(strangers.front()->isShownOut());
}

// Without descriptors nobody can be let in; that costs no processor, and passes.
TEST(ControlServer, WithoutDescriptorsItWaits) {
  const Door door;
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  std::vector<os::UniqueFd> callers;
  const auto address = os::SocketAddress::loopback(AF_INET, door.port());
  for (int i = 0; i < 4; ++i)
    callers.emplace_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  rlimit none = before;
  none.rlim_cur = static_cast<rlim_t>(callers.back().get()) + 1;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  for (const os::UniqueFd& caller : callers)
    EXPECT_EQ(::connect(caller.get(), address.raw(), address.rawLength()), 0);
  rusage start{}, end{};
  ::getrusage(RUSAGE_SELF, &start);
  std::this_thread::sleep_for(std::chrono::milliseconds(500));
  ::getrusage(RUSAGE_SELF, &end);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  const auto millisecondsOf = [](const rusage& usage) {
    return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000 +
           (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1000;
  };
  EXPECT_LT(millisecondsOf(end) - millisecondsOf(start), 200);
  Caller caller(door);
  caller.greet();
  EXPECT_EQ(caller.ask(kCounters), SwitchMessage::kCounterList);
}

}  // namespace
}  // namespace inccl::controller

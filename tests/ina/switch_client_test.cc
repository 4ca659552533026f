// A job and a switch over sockets: joining, summing, leaving, and everybody who may not.
#include "ina/switch_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "ina/integer_operation.h"
#include "ina/shard.h"
#include "ports/udp/udp_port.h"
#include "switch/server.h"

namespace inccl::ina {
namespace {

using ::testing::HasSubstr;

os::WaitLimit limit() { return {Deadline::after(5 * kSecond)}; }

// A switch on a thread of its own.
class RunningSwitch {
 public:
  explicit RunningSwitch(emulator::ServerOptions options = {}) {
    options.address = os::SocketAddress::loopback(AF_INET, 0);
    options.token = "open sesame";
    if (options.shape.payloadBytes == 256) options.shape = {64, 1024, 8};
    server_ = std::move(emulator::Server::open(options)).value();
    thread_ = std::thread([this] { server_->run(); });
  }
  ~RunningSwitch() {
    server_->stop();
    thread_.join();
  }
  RunningSwitch(const RunningSwitch&) = delete;
  RunningSwitch& operator=(const RunningSwitch&) = delete;
  std::string where() const { return fmt::format("127.0.0.1:{}", server_->controlPort()); }
  emulator::Server& server() { return *server_; }

 private:
  std::unique_ptr<emulator::Server> server_;
  std::thread thread_;
};

wire::JoinSwitch request(std::span<const std::unique_ptr<ports::UdpPort>> workers,
                         uint32_t slots = 16) {
  wire::JoinSwitch join;
  join.job = "test";
  join.slots = slots;
  for (const auto& worker : workers) join.workers.push_back({worker->address().describe()});
  return join;
}

std::vector<std::unique_ptr<ports::UdpPort>> openPorts(int count) {
  std::vector<std::unique_ptr<ports::UdpPort>> ports;
  for (int i = 0; i < count; ++i)
    ports.push_back(
        std::move(ports::UdpPort::open(os::SocketAddress::loopback(AF_INET, 0), {})).value());
  return ports;
}

TEST(SwitchClient, AJobJoinsSumsAndLeaves) {
  RunningSwitch running;
  auto workers = openPorts(3);
  auto client = SwitchClient::connect(running.where(), "open sesame", limit());
  ASSERT_TRUE(client.ok()) << client.status().message();
  const auto granted = client.value()->join(request(workers), limit());
  ASSERT_TRUE(granted.ok()) << granted.status().message();
  const wire::SwitchGrant& grant = granted.value();
  EXPECT_EQ(grant.slots, 16u);
  constexpr size_t kWords = 100'000;
  std::vector<std::vector<int32_t>> data;
  std::vector<std::unique_ptr<Shard>> shards;
  std::vector<std::unique_ptr<IntegerOperation>> operations;
  const OpSignature signature{Collective::kAllReduce, DataType::kInt32, RedOp::kSum, -1, kWords};
  for (int rank = 0; rank < 3; ++rank) {
    data.emplace_back(kWords, rank + 1);
    shards.push_back(std::make_unique<Shard>(
        *workers[static_cast<size_t>(rank)], client.value()->address().withPort(grant.dataPort),
        SlotWindow::Shape{grant.session, static_cast<uint16_t>(rank), 3, grant.slots}));
  }
  for (int rank = 0; rank < 3; ++rank) {
    auto& mine = data[static_cast<size_t>(rank)];
    operations.push_back(std::make_unique<IntegerOperation>(
        IntegerCall{signature, OpTag(1, 7), rank, 3, mine.data(), mine.data()},
        grant.payloadBytes));
    shards[static_cast<size_t>(rank)]->begin(*operations.back(), nowNs());
  }
  const Deadline deadline = Deadline::after(20 * kSecond);
  while (!deadline.passed() &&
         !std::ranges::all_of(shards, [](const auto& shard) { return shard->window().done(); })) {
    for (const auto& shard : shards) ASSERT_TRUE(shard->poll(nowNs()).ok());
  }
  for (const auto& mine : data) EXPECT_EQ(mine, std::vector<int32_t>(kWords, 6));
  EXPECT_TRUE(client.value()->leave(limit()).ok());
}

TEST(SwitchClient, AnotherTokenIsRefusedAndSaidSo) {
  RunningSwitch running;
  auto workers = openPorts(1);
  auto client = SwitchClient::connect(running.where(), "guess", limit());
  ASSERT_TRUE(client.ok());
  const auto granted = client.value()->join(request(workers), limit());
  ASSERT_FALSE(granted.ok());
  EXPECT_THAT(std::string(granted.status().message()), HasSubstr("INCCL_INA_TOKEN"));
}

TEST(SwitchClient, RefusalsArriveWithTheirReason) {
  RunningSwitch running;
  auto workers = openPorts(9);
  auto client = SwitchClient::connect(running.where(), "open sesame", limit());
  ASSERT_TRUE(client.ok());
  EXPECT_THAT(std::string(client.value()->join(request(workers), limit()).status().message()),
              HasSubstr("9 workers, 1 to 8"));
  workers.resize(2);
  EXPECT_TRUE(client.value()->join(request(workers, 64), limit()).ok());
  auto second = SwitchClient::connect(running.where(), "open sesame", limit());
  ASSERT_TRUE(second.ok());
  EXPECT_THAT(std::string(second.value()->join(request(workers), limit()).status().message()),
              HasSubstr("no slots are free"));
}

TEST(SwitchClient, MoreRanksThanAMessageNamesAreRefusedBeforeItIsSent) {
  RunningSwitch running;
  auto client = SwitchClient::connect(running.where(), "open sesame", limit());
  ASSERT_TRUE(client.ok());
  wire::JoinSwitch join;
  join.slots = 1;
  join.workers.resize(1024, {"127.0.0.1:1"});
  EXPECT_THAT(std::string(client.value()->join(join, limit()).status().message()),
              HasSubstr("1024 ranks"));
  EXPECT_TRUE(client.value()->counters(limit()).ok());
}

// The connection is the lease.
TEST(SwitchClient, AJobWhoseSpeakerIsGoneGivesItsSlotsBack) {
  RunningSwitch running;
  auto workers = openPorts(2);
  for (int round = 0; round < 3; ++round) {
    auto client = SwitchClient::connect(running.where(), "open sesame", limit());
    ASSERT_TRUE(client.ok());
    Result<wire::SwitchGrant> granted = client.value()->join(request(workers, 64), limit());
    for (int i = 0; !granted.ok() && i < 200; ++i) {  // the last one's end may be on its way
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
      granted = client.value()->join(request(workers, 64), limit());
    }
    ASSERT_TRUE(granted.ok()) << granted.status().message();
    const auto next = client.value()->newEpoch(limit());
    ASSERT_TRUE(next.ok());
    EXPECT_NE(next.value().session, granted.value().session);
  }
}

TEST(SwitchClient, NobodyThereAndSomebodyElseAreErrorsThatNameThePlace) {
  auto nobody = SwitchClient::connect("127.0.0.1:1", "t", {Deadline::after(kSecond)});
  EXPECT_THAT(std::string(nobody.status().message()), HasSubstr("switch 127.0.0.1:1"));
  auto odd = SwitchClient::connect("127.0.0.1", "t", limit());
  EXPECT_THAT(std::string(odd.status().message()), HasSubstr("expected host:port"));
}

TEST(SwitchClient, TheLocalAddressIsTheOneThatLeadsThere) {
  const auto local = localAddressTowards(os::SocketAddress::loopback(AF_INET, 9));
  ASSERT_TRUE(local.ok());
  EXPECT_TRUE(local.value().isLoopback());
}

}  // namespace
}  // namespace inccl::ina

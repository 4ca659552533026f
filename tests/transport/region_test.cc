// Regions: memory that a peer maps, between threads of a process and by descriptor.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstring>
#include <map>
#include <memory>

#include "os/registered_memory.h"
#include "transport/inproc/process_exchange.h"
#include "transport/shared_transport.h"
#include "transport/shm/memfd_exchange.h"

namespace inccl::transport {
namespace {

// Descriptors passed by a table in this process instead of a socket.
class TableConnector final : public PeerConnector {
 public:
  TableConnector(std::map<std::string, int>& table, int rank) : table_(table), rank_(rank) {}
  Result<os::UniqueFd> connectTo(int, uint32_t, Deadline) override {
    return internalError("no streams here");
  }
  Result<os::UniqueFd> acceptFrom(int, uint32_t, Deadline) override {
    return internalError("no streams here");
  }
  Status offerDescriptor(const std::string& name, int fd) override {
    table_[std::to_string(rank_) + name] = fd;
    return {};
  }
  void withdrawDescriptor(const std::string& name) override {
    table_.erase(std::to_string(rank_) + name);
  }
  Result<os::UniqueFd> receiveDescriptor(int, const std::string&, int connection,
                                         Deadline) override {
    return os::UniqueFd(::dup(connection));
  }
  Result<os::UniqueFd> requestDescriptor(int peer, const std::string& name, Deadline) override {
    const auto found = table_.find(std::to_string(peer) + name);
    if (found == table_.end()) return timeoutError("not offered: " + name);
    return os::UniqueFd(::dup(found->second));
  }
  [[nodiscard]] const ErrorState& errors() const override { return errors_; }

 private:
  std::map<std::string, int>& table_;
  int rank_;
  ErrorState errors_;
};

struct Pair {
  explicit Pair(bool byThreads) {
    for (int rank = 0; rank < 2; ++rank) {
      connectors.push_back(std::make_unique<TableConnector>(table, rank));
      std::unique_ptr<MemoryExchange> exchange;
      if (byThreads) {
        exchange = std::make_unique<inproc::ProcessExchange>("region test", rank, errors);
      } else {
        exchange = std::make_unique<shm::MemfdExchange>(*connectors.back());
      }
      const auto shapes = SharedShapes::within(64 << 20, 2, 2);
      ranks.push_back(std::make_unique<SharedTransport>(std::move(exchange), std::vector<int>{0, 1},
                                                        rank, shapes.value()));
    }
    EXPECT_TRUE(ranks[0]->createSegment().ok());
    EXPECT_TRUE(ranks[1]->attachSegment(soon()).ok());
  }
  static Deadline soon() { return Deadline::after(kSecond); }

  std::map<std::string, int> table;
  ErrorState errors;
  std::vector<std::unique_ptr<TableConnector>> connectors;
  std::vector<std::unique_ptr<SharedTransport>> ranks;
};

TEST(Region, APeerSeesAndChangesExposedMemory) {
  for (const bool byThreads : {true, false}) {
    Pair pair(byThreads);
    ASSERT_TRUE(pair.ranks[0]->caps().regionMap);
    auto allocated = os::allocateRegistered(10000);
    ASSERT_TRUE(allocated.ok());
    auto* const memory = static_cast<char*>(allocated.value());
    std::strcpy(memory + 5000, "written before");
    auto region = pair.ranks[0]->expose(memory + 5000, 100);
    ASSERT_TRUE(region.ok()) << region.status().message();
    auto mapped = pair.ranks[1]->map(0, region.value()->key(), Pair::soon());
    ASSERT_TRUE(mapped.ok()) << mapped.status().message();
    EXPECT_EQ(mapped.value()->bytes(), 100u);
    EXPECT_STREQ(reinterpret_cast<char*>(mapped.value()->data()), "written before");
    std::strcpy(reinterpret_cast<char*>(mapped.value()->data()), "and after");
    EXPECT_STREQ(memory + 5000, "and after");
    const RegionKey key = region.value()->key();
    region.value().reset();
    EXPECT_FALSE(pair.ranks[1]->map(0, key, Deadline::after(20 * kMillisecond)).ok())
        << "withdrawn";
    EXPECT_TRUE(os::freeRegistered(memory).ok());
  }
}

TEST(Region, OrdinaryMemoryIsRefusedBetweenProcesses) {
  Pair pair(false);
  std::vector<char> ordinary(100);
  const auto region = pair.ranks[0]->expose(ordinary.data(), ordinary.size());
  ASSERT_FALSE(region.ok());
  EXPECT_NE(region.status().message().find("incclMemAlloc"), std::string_view::npos);
}

TEST(Region, KeysBeyondTheBlockAreRefused) {
  Pair pair(true);
  EXPECT_FALSE(pair.ranks[1]->map(0, {1, 4096, 4000, 100}, Pair::soon()).ok());
  EXPECT_FALSE(pair.ranks[1]->map(0, {1, 4096, 5000, 0}, Pair::soon()).ok());
}

TEST(RegisteredMemory, IsFoundByAnyAddressInside) {
  auto block = os::allocateRegistered(8192);
  ASSERT_TRUE(block.ok());
  auto* const memory = static_cast<std::byte*>(block.value());
  EXPECT_EQ(os::findRegistered(memory + 100, 50)->offset, 100u);
  EXPECT_TRUE(os::findRegistered(memory, 8192).has_value());
  EXPECT_FALSE(os::findRegistered(memory, 8193).has_value());
  EXPECT_FALSE(os::findRegistered(&block, 1).has_value());
  EXPECT_TRUE(os::freeRegistered(memory).ok());
  EXPECT_FALSE(os::findRegistered(memory, 1).has_value());
}

}  // namespace
}  // namespace inccl::transport

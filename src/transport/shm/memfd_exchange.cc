#include "transport/shm/memfd_exchange.h"

#include <poll.h>

#include <algorithm>

#include "os/registered_memory.h"
#include "os/shared_memory.h"

namespace inccl::transport::shm {
namespace {

class MemfdBlock final : public SharedBlock {
 public:
  explicit MemfdBlock(os::SharedMemory memory) : memory_(std::move(memory)) {}
  [[nodiscard]] std::byte* data() const override { return memory_.data(); }
  [[nodiscard]] int fd() const { return memory_.fd(); }

 private:
  os::SharedMemory memory_;
};

// The reply is one small message, so once it begins to come it is there.
constexpr Nanos kReplyTimeout = kSecond;

class RequestedBlock final : public AwaitedBlock {
 public:
  RequestedBlock(PeerConnector& connector, int peer, std::string name, size_t bytes,
                 os::UniqueFd connection)
      : connector_(connector),
        peer_(peer),
        name_(std::move(name)),
        bytes_(bytes),
        connection_(std::move(connection)) {}

  [[nodiscard]] Result<std::shared_ptr<SharedBlock>> take() override {
    pollfd reply{connection_.get(), POLLIN, 0};
    if (os::sys::poll(&reply, 1, 0) <= 0) return std::shared_ptr<SharedBlock>();
    INCCL_TRY_ASSIGN(auto fd, connector_.receiveDescriptor(peer_, name_, connection_.get(),
                                                           Deadline::after(kReplyTimeout)));
    INCCL_TRY_ASSIGN(auto memory, os::SharedMemory::attach(std::move(fd), bytes_));
    return std::shared_ptr<SharedBlock>(std::make_shared<MemfdBlock>(std::move(memory)));
  }
  [[nodiscard]] WaitHandle waitHandle() const override { return {connection_.get(), POLLIN}; }

 private:
  PeerConnector& connector_;
  int peer_;
  std::string name_;
  size_t bytes_;
  os::UniqueFd connection_;
};

}  // namespace

MemfdExchange::~MemfdExchange() {
  for (const std::string& name : offers_) connector_.withdrawDescriptor(name);
}

Result<std::shared_ptr<SharedBlock>> MemfdExchange::create(const std::string& name, size_t bytes) {
  INCCL_TRY_ASSIGN(auto memory, os::SharedMemory::create("inccl " + name, bytes));
  auto block = std::make_shared<MemfdBlock>(std::move(memory));
  INCCL_TRY(connector_.offerDescriptor(name, block->fd()));
  offers_.push_back(name);
  return std::shared_ptr<SharedBlock>(std::move(block));
}

Result<std::optional<MemoryExchange::Offered>> MemfdExchange::offer(const std::string& name,
                                                                    void* memory, size_t bytes) {
  const auto range = os::findRegistered(memory, bytes);
  if (!range) return std::optional<Offered>();
  INCCL_TRY(connector_.offerDescriptor(name, range->fd));
  offers_.push_back(name);
  return std::optional<Offered>(Offered{range->blockBytes, range->offset});
}

void MemfdExchange::withdraw(const std::string& name) {
  connector_.withdrawDescriptor(name);
  std::erase(offers_, name);
}

Result<std::shared_ptr<SharedBlock>> MemfdExchange::attach(int peer, const std::string& name,
                                                           size_t bytes, Deadline deadline) {
  INCCL_TRY_ASSIGN(const auto connection, connector_.requestDescriptor(peer, name, deadline));
  INCCL_TRY_ASSIGN(auto fd, connector_.receiveDescriptor(peer, name, connection.get(), deadline));
  INCCL_TRY_ASSIGN(auto memory, os::SharedMemory::attach(std::move(fd), bytes));
  return std::shared_ptr<SharedBlock>(std::make_shared<MemfdBlock>(std::move(memory)));
}

Result<std::unique_ptr<AwaitedBlock>> MemfdExchange::await(int peer, const std::string& name,
                                                           size_t bytes, Deadline deadline) {
  INCCL_TRY_ASSIGN(auto connection, connector_.requestDescriptor(peer, name, deadline));
  return std::unique_ptr<AwaitedBlock>(
      std::make_unique<RequestedBlock>(connector_, peer, name, bytes, std::move(connection)));
}

}  // namespace inccl::transport::shm

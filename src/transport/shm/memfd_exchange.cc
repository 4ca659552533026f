#include "transport/shm/memfd_exchange.h"

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
  INCCL_TRY_ASSIGN(auto fd, connector_.fetchDescriptor(peer, name, deadline));
  INCCL_TRY_ASSIGN(auto memory, os::SharedMemory::attach(std::move(fd), bytes));
  return std::shared_ptr<SharedBlock>(std::make_shared<MemfdBlock>(std::move(memory)));
}

}  // namespace inccl::transport::shm

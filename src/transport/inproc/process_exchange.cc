#include "transport/inproc/process_exchange.h"

#include <fmt/format.h>

#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>

#include "os/shared_memory.h"

namespace inccl::transport::inproc {
namespace {

class ProcessBlock : public SharedBlock {
 public:
  [[nodiscard]] virtual size_t bytes() const = 0;
};

class AnonymousBlock final : public ProcessBlock {
 public:
  explicit AnonymousBlock(os::SharedMemory memory) : memory_(std::move(memory)) {}
  [[nodiscard]] std::byte* data() const override { return memory_.data(); }
  [[nodiscard]] size_t bytes() const override { return memory_.bytes(); }

 private:
  os::SharedMemory memory_;
};

// Memory of the user's: not kept, only pointed to.
class UserBlock final : public ProcessBlock {
 public:
  UserBlock(std::byte* memory, size_t bytes) : memory_(memory), bytes_(bytes) {}
  [[nodiscard]] std::byte* data() const override { return memory_; }
  [[nodiscard]] size_t bytes() const override { return bytes_; }

 private:
  std::byte* memory_;
  size_t bytes_;
};

// All offers of the process. Never destroyed: threads may still leave while the process exits.
struct Offers {
  std::mutex mutex;
  std::condition_variable changed;
  std::map<std::string, std::shared_ptr<ProcessBlock>> blocks;
};

Offers& offers() {
  static Offers* const all = new Offers;
  return *all;
}

std::string keyOf(const std::string& communicator, int rank, const std::string& name) {
  return fmt::format("{}/{}/{}", communicator, rank, name);
}

}  // namespace

ProcessExchange::~ProcessExchange() {
  const std::lock_guard lock(offers().mutex);
  for (const std::string& key : offers_) offers().blocks.erase(key);
}

void ProcessExchange::publish(const std::string& name, std::shared_ptr<SharedBlock> block) {
  const std::string key = keyOf(communicator_, rank_, name);
  {
    const std::lock_guard lock(offers().mutex);
    offers().blocks[key] = std::static_pointer_cast<ProcessBlock>(std::move(block));
  }
  offers().changed.notify_all();
  offers_.push_back(key);
}

Result<std::shared_ptr<SharedBlock>> ProcessExchange::create(const std::string& name,
                                                             size_t bytes) {
  INCCL_TRY_ASSIGN(auto memory, os::SharedMemory::anonymous(bytes));
  auto block = std::make_shared<AnonymousBlock>(std::move(memory));
  publish(name, block);
  return std::shared_ptr<SharedBlock>(std::move(block));
}

Result<std::optional<MemoryExchange::Offered>> ProcessExchange::offer(const std::string& name,
                                                                      void* memory, size_t bytes) {
  publish(name, std::make_shared<UserBlock>(static_cast<std::byte*>(memory), bytes));
  return std::optional<Offered>(Offered{bytes, 0});
}

void ProcessExchange::withdraw(const std::string& name) {
  const std::string key = keyOf(communicator_, rank_, name);
  const std::lock_guard lock(offers().mutex);
  offers().blocks.erase(key);
  std::erase(offers_, key);
}

Result<std::shared_ptr<SharedBlock>> ProcessExchange::find(int peer, const std::string& name,
                                                           size_t bytes) const {
  const std::lock_guard lock(offers().mutex);
  const auto found = offers().blocks.find(keyOf(communicator_, peer, name));
  if (found == offers().blocks.end()) return std::shared_ptr<SharedBlock>();
  if (found->second->bytes() != bytes) {
    return remoteError(fmt::format("{} of rank {} has {} bytes instead of {}", name, peer,
                                   found->second->bytes(), bytes));
  }
  return std::shared_ptr<SharedBlock>(found->second);
}

Result<std::shared_ptr<SharedBlock>> ProcessExchange::attach(int peer, const std::string& name,
                                                             size_t bytes, Deadline deadline) {
  for (;;) {
    INCCL_TRY_ASSIGN(auto block, find(peer, name, bytes));
    if (block) return block;
    if (errors_.raised()) return errors_.status();
    if (deadline.passed())
      return timeoutError(fmt::format("rank {} did not offer {} in time", peer, name));
    std::unique_lock lock(offers().mutex);
    offers().changed.wait_for(lock, std::chrono::milliseconds(1));
  }
}

namespace {

class NamedBlock final : public AwaitedBlock {
 public:
  NamedBlock(ProcessExchange& exchange, int peer, std::string name, size_t bytes)
      : exchange_(exchange), peer_(peer), name_(std::move(name)), bytes_(bytes) {}
  [[nodiscard]] Result<std::shared_ptr<SharedBlock>> take() override {
    return exchange_.find(peer_, name_, bytes_);
  }
  [[nodiscard]] WaitHandle waitHandle() const override { return {}; }

 private:
  ProcessExchange& exchange_;
  int peer_;
  std::string name_;
  size_t bytes_;
};

}  // namespace

Result<std::unique_ptr<AwaitedBlock>> ProcessExchange::await(int peer, const std::string& name,
                                                             size_t bytes, Deadline) {
  return std::unique_ptr<AwaitedBlock>(std::make_unique<NamedBlock>(*this, peer, name, bytes));
}

}  // namespace inccl::transport::inproc

#include "transport/inproc/process_exchange.h"

#include <fmt/format.h>

#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>

#include "os/shared_memory.h"

namespace inccl::transport::inproc {
namespace {

class AnonymousBlock final : public SharedBlock {
 public:
  explicit AnonymousBlock(os::SharedMemory memory) : memory_(std::move(memory)) {}
  [[nodiscard]] std::byte* data() const override { return memory_.data(); }
  [[nodiscard]] size_t bytes() const { return memory_.bytes(); }

 private:
  os::SharedMemory memory_;
};

// All offers of the process. Never destroyed: threads may still leave while the process exits.
struct Offers {
  std::mutex mutex;
  std::condition_variable changed;
  std::map<std::string, std::shared_ptr<AnonymousBlock>> blocks;
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

Result<std::shared_ptr<SharedBlock>> ProcessExchange::create(const std::string& name,
                                                             size_t bytes) {
  INCCL_TRY_ASSIGN(auto memory, os::SharedMemory::anonymous(bytes));
  auto block = std::make_shared<AnonymousBlock>(std::move(memory));
  const std::string key = keyOf(communicator_, rank_, name);
  {
    const std::lock_guard lock(offers().mutex);
    offers().blocks[key] = block;
  }
  offers().changed.notify_all();
  offers_.push_back(key);
  return std::shared_ptr<SharedBlock>(std::move(block));
}

Result<std::shared_ptr<SharedBlock>> ProcessExchange::attach(int peer, const std::string& name,
                                                             size_t bytes, Deadline deadline) {
  const std::string key = keyOf(communicator_, peer, name);
  std::unique_lock lock(offers().mutex);
  for (;;) {
    const auto found = offers().blocks.find(key);
    if (found != offers().blocks.end()) {
      if (found->second->bytes() != bytes) {
        return remoteError(fmt::format("{} of rank {} has {} bytes instead of {}", name, peer,
                                       found->second->bytes(), bytes));
      }
      return std::shared_ptr<SharedBlock>(found->second);
    }
    if (errors_.raised()) return errors_.status();
    if (deadline.passed())
      return timeoutError(fmt::format("rank {} did not offer {} in time", peer, name));
    offers().changed.wait_for(lock, std::chrono::milliseconds(10));
  }
}

}  // namespace inccl::transport::inproc

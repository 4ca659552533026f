// Shared memory between ranks that are threads of one process: plain memory, found by name.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/error_state.h"
#include "transport/memory_exchange.h"

namespace inccl::transport::inproc {

class ProcessExchange final : public MemoryExchange {
 public:
  // `communicator` tells apart the communicators of the process; `errors` ends waits and outlives
  // the exchange.
  ProcessExchange(std::string communicator, int rank, const ErrorState& errors)
      : communicator_(std::move(communicator)), rank_(rank), errors_(errors) {}
  ~ProcessExchange() override;

  [[nodiscard]] std::string_view name() const override { return "inproc"; }
  Result<std::shared_ptr<SharedBlock>> create(const std::string& name, size_t bytes) override;
  Result<std::optional<Offered>> offer(const std::string& name, void* memory,
                                       size_t bytes) override;
  void withdraw(const std::string& name) override;
  Result<std::shared_ptr<SharedBlock>> attach(int peer, const std::string& name, size_t bytes,
                                              Deadline deadline) override;

  Result<std::unique_ptr<AwaitedBlock>> await(int peer, const std::string& name, size_t bytes,
                                              Deadline deadline) override;
  // What `peer` offers under `name` now; nullptr: nothing.
  Result<std::shared_ptr<SharedBlock>> find(int peer, const std::string& name, size_t bytes) const;

 private:
  void publish(const std::string& name, std::shared_ptr<SharedBlock> block);

  std::string communicator_;
  int rank_;
  const ErrorState& errors_;
  std::vector<std::string> offers_;
};

}  // namespace inccl::transport::inproc

// Shared memory between processes of one host: a memfd per block, passed over a Unix socket.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "transport/memory_exchange.h"
#include "transport/peer_connector.h"

namespace inccl::transport::shm {

class MemfdExchange final : public MemoryExchange {
 public:
  // `connector` outlives the exchange.
  explicit MemfdExchange(PeerConnector& connector) : connector_(connector) {}
  ~MemfdExchange() override;

  [[nodiscard]] std::string_view name() const override { return "shm"; }
  Result<std::shared_ptr<SharedBlock>> create(const std::string& name, size_t bytes) override;
  Result<std::optional<Offered>> offer(const std::string& name, void* memory,
                                       size_t bytes) override;
  void withdraw(const std::string& name) override;
  Result<std::shared_ptr<SharedBlock>> attach(int peer, const std::string& name, size_t bytes,
                                              Deadline deadline) override;
  Result<std::unique_ptr<AwaitedBlock>> await(int peer, const std::string& name, size_t bytes,
                                              Deadline deadline) override;

 private:
  PeerConnector& connector_;
  std::vector<std::string> offers_;
};

}  // namespace inccl::transport::shm

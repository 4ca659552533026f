// How ranks of one host come to map the same memory; shm and inproc differ in nothing else.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/status.h"
#include "transport/wait_handle.h"

namespace inccl::transport {

// Memory that stays mapped as long as somebody holds it.
class SharedBlock {
 public:
  virtual ~SharedBlock() = default;
  [[nodiscard]] virtual std::byte* data() const = 0;
};

// Memory that a peer offers later, or never: looked for again and again by whoever needs it.
class AwaitedBlock {
 public:
  virtual ~AwaitedBlock() = default;
  // nullptr: not offered yet. Never waits; an error is for good.
  [[nodiscard]] virtual Result<std::shared_ptr<SharedBlock>> take() = 0;
  // What to sleep on until then.
  [[nodiscard]] virtual WaitHandle waitHandle() const = 0;
};

class MemoryExchange {
 public:
  virtual ~MemoryExchange() = default;
  [[nodiscard]] virtual std::string_view name() const = 0;

  // Zeroed memory, offered to peers under `name` as long as the exchange lives. Never waits for
  // anybody.
  virtual Result<std::shared_ptr<SharedBlock>> create(const std::string& name, size_t bytes) = 0;
  // Offers memory that exists already under `name`, until withdraw(); nothing when this exchange
  // cannot hand out such memory. The place of `memory` in the offered block is its offset.
  struct Offered {
    size_t blockBytes = 0;
    size_t offset = 0;
  };
  virtual Result<std::optional<Offered>> offer(const std::string& name, void* memory,
                                               size_t bytes) = 0;
  virtual void withdraw(const std::string& name) = 0;

  // The memory that `peer` offers under `name`; waits for the offer.
  virtual Result<std::shared_ptr<SharedBlock>> attach(int peer, const std::string& name,
                                                      size_t bytes, Deadline deadline) = 0;
  // The same without waiting for the offer. Takes until the deadline at most to ask for it, which
  // depends on the peer's process, not on its caller. Lives no longer than the exchange.
  virtual Result<std::unique_ptr<AwaitedBlock>> await(int peer, const std::string& name,
                                                      size_t bytes, Deadline deadline) = 0;
};

}  // namespace inccl::transport

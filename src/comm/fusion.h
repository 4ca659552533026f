// Many small all-reduces of one group, done as one.
//
// A model's gradients come in hundreds of small tensors; one by one each pays the latency of the
// network. In a group the calls are there together: those that stand side by side, of one type and
// operation, are packed behind each other, reduced at once and unpacked. Which calls go together
// follows from their signatures alone, so all ranks come to the same; that they packed the same
// counts in the same order is part of what they compare.
//
// So no call of a group may read what another one of the group writes (NCCL's rule too).
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "comm/call.h"

namespace inccl::comm {

class FusedCalls {
 public:
  // Of one call, and of all that go together.
  static constexpr size_t kMostBytesOfCall = 16384, kMostBytes = 262144;

  // How many of `calls`, from the first on, go together; 1: the first goes alone.
  static size_t countOf(std::span<const Call* const> calls);

  // Packs the inputs now.
  explicit FusedCalls(std::span<const Call* const> parts);

  // One in-place all-reduce of everything; valid as long as this is.
  [[nodiscard]] const Call& call() const { return call_; }
  void unpack() const;

 private:
  struct Part {
    void* output;
    size_t bytes;
  };
  std::vector<Part> parts_;
  std::unique_ptr<std::byte[]> packed_;
  Call call_;
};

}  // namespace inccl::comm

// A collective over 32-bit integers, and over bytes, as chunks that a switch sums.
//
// The data is a row of blocks of equal length, one block for most collectives and one for each rank
// in a reduce-scatter and an all-gather; a chunk is a part of one block, so that whoever gives or
// wants a block gives or wants its chunks. Integers are summed as they lie in the caller's memory,
// and results are written straight to where they belong: in place, that ends a chunk's
// contribution, which nobody asks for any more then. Bytes that nobody adds (broadcast, all-gather)
// travel as 32-bit words, the last one filled up.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/op_signature.h"
#include "ina/aggregated_operation.h"

namespace inccl::ina {

struct IntegerCall {
  OpSignature signature;
  OpTag tag;  // of the operation in its communicator
  int rank = 0;
  int rankCount = 1;
  const void* send = nullptr;
  void* recv = nullptr;
};

class IntegerOperation final : public AggregatedOperation {
 public:
  // Why a switch does not do such a call as integers; empty: it does. An average and a
  // pre-multiplied sum are sums here: the rest is done before and after.
  static std::string_view whyNot(const OpSignature& signature);

  // `payloadBytes` of a chunk, whole words, equal on all ranks. The buffers stay the caller's. What
  // nobody adds to is copied to the giver's own result at once: it is sent nothing back.
  IntegerOperation(const IntegerCall& call, size_t payloadBytes);

  [[nodiscard]] uint32_t opTag() const override { return opTag_; }
  [[nodiscard]] uint64_t chunks() override { return blocks_ * chunksOfBlock_; }
  [[nodiscard]] ChunkShape shape(uint64_t chunk) const override;
  [[nodiscard]] std::span<const std::byte> payload(uint64_t chunk) override;
  void take(uint64_t chunk, std::span<const std::byte> sum,
            std::span<const std::byte> exponents) override;

 private:
  struct Part {
    size_t block = 0;
    size_t offset = 0;  // bytes in the block
    size_t bytes = 0;   // of data; the payload is this in whole words
  };
  [[nodiscard]] Part part(uint64_t chunk) const;
  // Where a block lies in the buffers; nullptr where this rank has none of it.
  [[nodiscard]] const std::byte* giveFrom(size_t block) const;
  [[nodiscard]] std::byte* takeTo(size_t block) const;
  void keepOwn();

  const IntegerCall call_;
  const size_t payloadBytes_;
  const size_t blockBytes_;
  const size_t blocks_;
  const uint64_t chunksOfBlock_;
  const wire::LaneType type_;
  const wire::LaneOp op_;
  const uint32_t opTag_;
  // A payload whose last word is not whole. There is at most one: what is summed has whole words,
  // and of the rest a rank gives one block.
  std::array<std::byte, 4 * wire::kMostElements> padded_;
};

}  // namespace inccl::ina

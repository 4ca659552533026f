// The chunks of an operation that no rank has a result of, in batches that hosts add.
//
// After a repair all ranks know the same uses of slots as settled (repair_coordinator.h), so all
// make the same batches: up to a window of chunks in their order, since what a chunk of floats is
// scaled by comes with the chunk a window before. Of each batch the words and the exponents are
// reduced over all ranks, by whatever schedule there is, and taken as if they had come from the
// switch: the same integers, so the same bits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "base/data_type.h"
#include "ina/aggregated_operation.h"

namespace inccl::ina {

class RestOnHosts {
 public:
  // `firstChunk`: of the operation, in the job; `chunks`: what is known so far of how many it has;
  // `settled` uses of each slot are taken.
  RestOnHosts(AggregatedOperation& operation, uint64_t firstChunk, uint64_t chunks,
              std::vector<uint32_t> settled)
      : operation_(operation),
        firstChunk_(firstChunk),
        settled_(std::move(settled)),
        chunks_(chunks) {}

  // The next batch, as this rank gives it; false when nothing is left.
  bool next();
  // All ranks' contributions are to be reduced in place, by type() and op(); exponents, which may
  // be none, to the largest.
  [[nodiscard]] std::vector<uint32_t>& words() { return words_; }
  [[nodiscard]] DataType type() const { return type_; }
  [[nodiscard]] RedOp op() const { return op_; }
  [[nodiscard]] std::vector<int16_t>& exponents() { return exponents_; }
  void take();

 private:
  [[nodiscard]] bool isSettled(uint64_t chunk) const;
  bool add(uint64_t chunk);

  AggregatedOperation& operation_;
  const uint64_t firstChunk_;
  const std::vector<uint32_t> settled_;
  uint64_t chunks_;
  uint64_t next_ = 0;  // chunk of the operation
  std::vector<uint64_t> batch_;
  std::vector<uint32_t> words_;
  std::vector<int16_t> exponents_;
  DataType type_ = DataType::kInt32;
  RedOp op_ = RedOp::kSum;
};

}  // namespace inccl::ina

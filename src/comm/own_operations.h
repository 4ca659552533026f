// The reduction operations that a caller made for one communicator: pre-multiplied sums.
//
// An operation is known by a number beyond those of the enumeration. Numbers are not used again, so
// that an operation that was destroyed is told from one made later. What ranks agree on is only
// that a call is a pre-multiplied sum; numbers and factors are each rank's own.
// Threads: any.
#pragma once

#include <map>
#include <mutex>

#include "base/status.h"
#include "comm/call.h"

namespace inccl::comm {

class OwnOperations {
 public:
  // The factor is one element of `type`; copied. Returns the operation's number.
  Result<int> createPreMulSum(DataType type, const void* factor);
  Status destroy(int operation);
  // Replaces the number of an operation of the caller's by what it is, with its factor.
  Status resolve(Call& call) const;

 private:
  static constexpr int kFirst = 0x10000;

  struct PreMulSum {
    DataType type;
    std::array<std::byte, 16> factor;
  };
  mutable std::mutex mutex_;
  std::map<int, PreMulSum> operations_;
  int next_ = kFirst;
};

}  // namespace inccl::comm

// How hosts do, by schedules of their own, what a switch does not do (any more).
#pragma once

#include <cstddef>
#include <memory>

#include "base/data_type.h"
#include "base/status.h"
#include "exec/operation.h"

namespace inccl::exec {

// Of one call.
class HostWay {
 public:
  virtual ~HostWay() = default;
  // The call itself, from its beginning.
  virtual Result<std::unique_ptr<Operation>> whole() = 0;
  // All ranks reduce `data` in place.
  virtual Result<std::unique_ptr<Operation>> allReduce(void* data, size_t count, DataType type,
                                                       RedOp op) = 0;
};

}  // namespace inccl::exec

#include "comm/own_operations.h"

#include <fmt/format.h>

#include <cstring>
#include <limits>

namespace inccl::comm {

Result<int> OwnOperations::createPreMulSum(DataType type, const void* factor) {
  if (const auto why = whyRefused(type, RedOp::kPreMulSum); !why.empty())
    return invalidArgument(fmt::format("pre-multiplied sum of type {} ({}): {}",
                                       static_cast<int>(type), name(type), why));
  PreMulSum made{type, {}};
  std::memcpy(made.factor.data(), factor, sizeOf(type));
  const std::lock_guard lock(mutex_);
  if (next_ == std::numeric_limits<int>::max())
    return invalidUsage("no more operations can be made for this communicator");
  operations_.emplace(next_, made);
  return next_++;
}

Status OwnOperations::destroy(int operation) {
  const std::lock_guard lock(mutex_);
  if (operations_.erase(operation) == 1) return {};
  return invalidArgument(fmt::format(
      "operation {} was not made for this communicator, or is destroyed already", operation));
}

Status OwnOperations::resolve(Call& call) const {
  const int number = static_cast<int>(call.signature.op);
  if (number < kFirst) {
    if (call.signature.op != RedOp::kPreMulSum) [[likely]]
      return {};
    return invalidArgument(
        fmt::format("{}: operation {} is unknown", name(call.signature.collective), number));
  }
  const std::lock_guard lock(mutex_);
  const auto found = operations_.find(number);
  if (found == operations_.end())
    return invalidArgument(
        fmt::format("{}: operation {} was not made for this communicator, or is destroyed",
                    name(call.signature.collective), number));
  if (found->second.type != call.signature.type)
    return invalidArgument(fmt::format("{}: operation {} was made for type {}, not {}",
                                       name(call.signature.collective), number,
                                       name(found->second.type), name(call.signature.type)));
  call.signature.op = RedOp::kPreMulSum;
  call.factor = found->second.factor;
  return {};
}

}  // namespace inccl::comm

// Operations that callers make: pre-multiplied sums.
#include <fmt/format.h>

#include "api/guard.h"
#include "comm/communicator.h"
#include "comm/handle_table.h"

namespace {

using inccl::invalidArgument;
using inccl::Status;
using inccl::api::guarded;

inccl::Result<inccl::comm::CommunicatorRef> enter(incclComm_t comm) {
  auto communicator =
      inccl::comm::HandleTable::instance().enter(reinterpret_cast<inccl::comm::Handle>(comm));
  if (!communicator) return invalidArgument("the communicator is NULL, destroyed or was never one");
  INCCL_TRY(communicator->usableHere());
  return communicator;
}

}  // namespace

incclResult_t incclRedOpCreatePreMulSum(incclRedOp_t* op, const void* scalar,
                                        incclDataType_t datatype, incclScalarResidence_t residence,
                                        incclComm_t comm) {
  const int type = datatype, where = residence;  // numbers until they are checked
  return guarded([&]() -> Status {
    if (!op) return invalidArgument("pre-multiplied sum: op is NULL");
    if (!scalar) return invalidArgument("pre-multiplied sum: scalar is NULL");
    if (where != incclScalarHostImmediate)
      return invalidArgument(
          fmt::format("pre-multiplied sum: residence {} is not host memory, and no CUDA module is "
                      "loaded",
                      where));
    INCCL_TRY_ASSIGN(const auto communicator, enter(comm));
    INCCL_TRY_ASSIGN(const int made,
                     communicator->createPreMulSum(static_cast<inccl::DataType>(type), scalar));
    *op = static_cast<incclRedOp_t>(made);
    return {};
  });
}

incclResult_t incclRedOpDestroy(incclRedOp_t op, incclComm_t comm) {
  const int number = op;
  return guarded([&]() -> Status {
    INCCL_TRY_ASSIGN(const auto communicator, enter(comm));
    return communicator->destroyOperation(number);
  });
}

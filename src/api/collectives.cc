// Collectives and messages: check the arguments, make a Call of them, submit it.
//
// Everything that can be judged without the communicator is judged here, before anything happened;
// the communicator judges rank numbers (Communicator::validate).
#include <fmt/format.h>

#include <limits>

#include "api/guard.h"
#include "comm/communicator.h"
#include "comm/group.h"

namespace {

using inccl::Collective;
using inccl::DataType;
using inccl::invalidArgument;
using inccl::RedOp;
using inccl::Status;
using inccl::api::guarded;
using inccl::comm::Call;
using inccl::comm::CommunicatorRef;
using inccl::comm::HandleTable;

Status checkType(const Call& call) {
  const auto& signature = call.signature;
  if (inccl::sizeOf(signature.type) == 0)
    return invalidArgument(fmt::format("{}: data type {} is unknown", name(signature.collective),
                                       static_cast<int>(signature.type)));
  if (!inccl::isSupported(signature.type))
    return invalidArgument(fmt::format("{}: data type {} is not supported yet",
                                       name(signature.collective), name(signature.type)));
  if (signature.collective == Collective::kAllReduce && !inccl::isSupported(signature.op)) {
    return invalidArgument(fmt::format("{}: operation {} ({}) is not supported",
                                       name(signature.collective), static_cast<int>(signature.op),
                                       name(signature.op)));
  }
  return {};
}

// `buffers`: how many times the count the largest buffer holds.
Status checkCount(const Call& call, size_t buffers) {
  const size_t most =
      std::numeric_limits<size_t>::max() / 2 / inccl::sizeOf(call.signature.type) / buffers;
  if (call.signature.count > most)
    return invalidArgument(fmt::format("{}: count {} is more than memory can hold",
                                       name(call.signature.collective), call.signature.count));
  return {};
}

Status checkBuffer(const Call& call, const void* buffer, const char* which) {
  if (call.signature.count == 0) return {};
  if (!buffer)
    return invalidArgument(fmt::format("{}: {} is NULL", name(call.signature.collective), which));
  const size_t alignment = inccl::sizeOf(call.signature.type);
  if (reinterpret_cast<uintptr_t>(buffer) % alignment != 0) {
    return invalidArgument(fmt::format("{}: {} {} is not aligned to {} bytes of its type {}",
                                       name(call.signature.collective), which, buffer, alignment,
                                       name(call.signature.type)));
  }
  return {};
}

// Checks what all calls have in common, then runs `call` or keeps it for the group.
incclResult_t submitChecked(const Call& call, bool reads, bool writes, incclComm_t comm,
                            incclStream_t stream) {
  return guarded([&]() -> Status {
    CommunicatorRef communicator =
        HandleTable::instance().enter(reinterpret_cast<inccl::comm::Handle>(comm));
    if (!communicator) {
      return invalidArgument(fmt::format("{}: the communicator is NULL, destroyed or was never one",
                                         name(call.signature.collective)));
    }
    const auto check = [&]() -> Status {
      INCCL_TRY(checkType(call));
      INCCL_TRY(checkCount(call, static_cast<size_t>(communicator->rankCount())));
      INCCL_TRY(communicator->validate(call));
      const bool readsHere = reads || (call.signature.collective == Collective::kBroadcast &&
                                       call.signature.root == communicator->rank());
      if (readsHere) INCCL_TRY(checkBuffer(call, call.send, "sendbuff"));
      if (writes) INCCL_TRY(checkBuffer(call, call.recv, "recvbuff"));
      if (stream) {
        return invalidArgument(fmt::format(
            "{}: stream {} is foreign: host memory takes NULL, and no CUDA module is loaded",
            name(call.signature.collective), static_cast<void*>(stream)));
      }
      return {};
    };
    inccl::comm::Communicator& target = *communicator;
    Status status = check();
    if (status.ok()) status = inccl::comm::submit(std::move(communicator), call);
    if (!status.ok()) {
      // The reference may have moved into the group; then there was no failure here.
      const CommunicatorRef again =
          HandleTable::instance().enter(reinterpret_cast<inccl::comm::Handle>(comm));
      if (again && &*again == &target) target.noteFailure(status);
    }
    return status;
  });
}

DataType toType(incclDataType_t type) { return static_cast<DataType>(type); }

}  // namespace

incclResult_t incclAllReduce(const void* sendbuff, void* recvbuff, size_t count,
                             incclDataType_t datatype, incclRedOp_t op, incclComm_t comm,
                             incclStream_t stream) {
  const Call call{{Collective::kAllReduce, toType(datatype), static_cast<RedOp>(op), -1, count},
                  sendbuff,
                  recvbuff};
  return submitChecked(call, true, true, comm, stream);
}

incclResult_t incclBroadcast(const void* sendbuff, void* recvbuff, size_t count,
                             incclDataType_t datatype, int root, incclComm_t comm,
                             incclStream_t stream) {
  const Call call{
      {Collective::kBroadcast, toType(datatype), RedOp::kSum, root, count}, sendbuff, recvbuff};
  return submitChecked(call, false, true, comm, stream);
}

incclResult_t incclBcast(void* buff, size_t count, incclDataType_t datatype, int root,
                         incclComm_t comm, incclStream_t stream) {
  return incclBroadcast(buff, buff, count, datatype, root, comm, stream);
}

incclResult_t incclAllGather(const void* sendbuff, void* recvbuff, size_t sendcount,
                             incclDataType_t datatype, incclComm_t comm, incclStream_t stream) {
  const Call call{
      {Collective::kAllGather, toType(datatype), RedOp::kSum, -1, sendcount}, sendbuff, recvbuff};
  return submitChecked(call, true, true, comm, stream);
}

incclResult_t incclSend(const void* sendbuff, size_t count, incclDataType_t datatype, int peer,
                        incclComm_t comm, incclStream_t stream) {
  const Call call{
      {Collective::kSend, toType(datatype), RedOp::kSum, peer, count}, sendbuff, nullptr};
  return submitChecked(call, true, false, comm, stream);
}

incclResult_t incclRecv(void* recvbuff, size_t count, incclDataType_t datatype, int peer,
                        incclComm_t comm, incclStream_t stream) {
  const Call call{
      {Collective::kRecv, toType(datatype), RedOp::kSum, peer, count}, nullptr, recvbuff};
  return submitChecked(call, false, true, comm, stream);
}

incclResult_t incclBarrier(incclComm_t comm, incclStream_t stream) {
  const Call call{{Collective::kBarrier, DataType::kInt32, RedOp::kSum, -1, 0}, nullptr, nullptr};
  return submitChecked(call, false, false, comm, stream);
}

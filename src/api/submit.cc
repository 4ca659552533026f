#include "api/submit.h"

#include <fmt/format.h>

#include <limits>

#include "api/call_config.h"
#include "comm/communicator.h"
#include "comm/group.h"

namespace inccl::api {
namespace {

using comm::Call;
using comm::CommunicatorRef;
using comm::HandleTable;

Status refuse(const Call& call, const std::string& sentence) {
  return invalidArgument(fmt::format("{}: {}", name(call.signature.collective), sentence));
}

Status checkType(const Call& call) {
  const auto& [collective, type, op, root, count] = call.signature;
  if (sizeOf(type) == 0)
    return refuse(call, fmt::format("data type {} is unknown", static_cast<int>(type)));
  if (!reduces(collective)) return {};
  if (const auto why = whyRefused(type, op); !why.empty())
    return refuse(call, fmt::format("operation {} ({}) of {}: {}", static_cast<int>(op), name(op),
                                    name(type), why));
  return {};
}

// `buffers`: how many times the count the largest buffer holds.
Status checkCount(const Call& call, size_t buffers) {
  const size_t most =
      std::numeric_limits<size_t>::max() / 2 / sizeOf(call.signature.type) / buffers;
  if (call.signature.count > most)
    return refuse(call, fmt::format("count {} is more than memory can hold", call.signature.count));
  return {};
}

Status checkBuffer(const Call& call, const void* buffer, const char* which) {
  if (!buffer) return refuse(call, fmt::format("{} is NULL", which));
  const size_t alignment = alignmentOf(call.signature.type);
  if (reinterpret_cast<uintptr_t>(buffer) % alignment == 0) return {};
  return refuse(call, fmt::format("{} {} is not aligned to {} bytes of its type {}", which, buffer,
                                  alignment, name(call.signature.type)));
}

// Which buffers a rank has in a call, in blocks of `count` elements.
struct Buffers {
  size_t sendBlocks = 0, recvBlocks = 0;  // 0: not looked at
  bool hasInPlace = true;
  // In place, the send buffer begins this many blocks into the receive buffer (or, negative, the
  // receive buffer in the send buffer).
  ptrdiff_t inPlaceBlock = 0;
};

Buffers buffersOf(const Call& call, int rank, int rankCount) {
  const auto n = static_cast<size_t>(rankCount);
  const bool root = rank == call.signature.root;
  switch (call.signature.collective) {
    case Collective::kAllReduce:
      return {1, 1};
    case Collective::kBroadcast:
      return {root ? size_t{1} : 0, 1};
    case Collective::kReduce:
      return {1, root ? size_t{1} : 0};
    case Collective::kAllGather:
      return {1, n, true, rank};
    case Collective::kReduceScatter:
      return {n, 1, true, -rank};
    case Collective::kAllToAll:
      return {n, n, false};
    case Collective::kGather:
      return {1, root ? n : 0, true, rank};
    case Collective::kScatter:
      return {root ? n : 0, 1, true, -rank};
    case Collective::kSend:
      return {1, 0};
    case Collective::kRecv:
      return {0, 1};
    case Collective::kBarrier:
      break;
  }
  return {};
}

Status checkBuffers(const Call& call, const Buffers& buffers) {
  const size_t block = call.bytes();
  if (block == 0) return {};
  if (buffers.sendBlocks != 0) INCCL_TRY(checkBuffer(call, call.send, "sendbuff"));
  if (buffers.recvBlocks != 0) INCCL_TRY(checkBuffer(call, call.recv, "recvbuff"));
  if (buffers.sendBlocks == 0 || buffers.recvBlocks == 0) return {};
  const auto send = reinterpret_cast<uintptr_t>(call.send);
  const auto recv = reinterpret_cast<uintptr_t>(call.recv);
  const bool apart =
      send + block * buffers.sendBlocks <= recv || recv + block * buffers.recvBlocks <= send;
  const bool inPlace =
      buffers.hasInPlace && send - recv == static_cast<uintptr_t>(buffers.inPlaceBlock) * block;
  if (apart || inPlace) return {};
  return refuse(call,
                fmt::format("sendbuff {} and recvbuff {} overlap and are not the in-place form",
                            call.send, call.recv));
}

Status checkAll(Call& call, const comm::Communicator& communicator) {
  INCCL_TRY(checkType(call));
  INCCL_TRY(checkCount(call, static_cast<size_t>(communicator.rankCount())));
  INCCL_TRY(communicator.validate(call));
  return checkBuffers(call, buffersOf(call, communicator.rank(), communicator.rankCount()));
}

Status select(const comm::WantedSettings& selection, comm::Communicator& communicator, Call& call) {
  if (selection.algorithms.empty()) return {};
  INCCL_TRY_ASSIGN(call.settings, communicator.settings(selection));
  call.agreement = call.settings->digest;
  return {};
}

Status fillIn(CheckedCall& checked, incclStream_t stream, const incclCollConfig_t* config) {
  auto& [communicator, call, streamRef] = checked;
  if (reduces(call.signature.collective)) INCCL_TRY(communicator->resolveOperation(call));
  INCCL_TRY(checkAll(call, *communicator));
  if (config != nullptr) {
    INCCL_TRY_ASSIGN(const CallConfig wanted, readCallConfig(*config));
    call.timeLimit = wanted.timeLimit;
    INCCL_TRY(select(wanted.selection, *communicator, call));
  }
  if (!stream) return {};
  auto found = comm::StreamTable::instance().find(reinterpret_cast<uintptr_t>(stream));
  if (!found.ok()) return std::move(found).status().within(name(call.signature.collective));
  streamRef = std::move(found).value();
  return {};
}

}  // namespace

Result<CheckedCall> check(Call call, incclComm_t comm, incclStream_t stream,
                          const incclCollConfig_t* config) {
  CheckedCall checked{
      HandleTable::instance().enter(reinterpret_cast<comm::Handle>(comm)), call, {}};
  if (!checked.communicator) {
    return invalidArgument(fmt::format("{}: the communicator is NULL, destroyed or was never one",
                                       name(call.signature.collective)));
  }
  INCCL_TRY(checked.communicator->usableHere());
  Status status = fillIn(checked, stream, config);
  if (status.ok()) return checked;
  checked.communicator->noteFailure(status);
  return status;
}

Status submit(CheckedCall checked) {
  return comm::submit(std::move(checked.communicator), checked.call, std::move(checked.stream));
}

Status submit(Call call, incclComm_t comm, incclStream_t stream, const incclCollConfig_t* config) {
  INCCL_TRY_ASSIGN(CheckedCall checked, check(call, comm, stream, config));
  comm::Communicator& target = *checked.communicator;
  Status status = submit(std::move(checked));
  if (!status.ok() && status.code() != Code::kInProgress) {
    // The reference may have moved into the group; then there was no failure here.
    const CommunicatorRef again =
        HandleTable::instance().enter(reinterpret_cast<comm::Handle>(comm));
    if (again && &*again == &target) target.noteFailure(status);
  }
  return status;
}

}  // namespace inccl::api

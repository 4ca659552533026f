#include "api/submit.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "api/call_config.h"
#include "base/hash.h"
#include "comm/communicator.h"
#include "comm/group.h"

namespace inccl::api {
namespace {

using comm::Call;
using comm::CommunicatorRef;
using comm::HandleTable;

constexpr uint64_t kSwitchWishHash = 0x696e2d6e65740001;

Status refuse(const Call& call, const std::string& sentence) {
  return invalidArgument(fmt::format("{}: {}", call.signature.collectiveName(), sentence));
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

Status checkBuffer(const Call& call, const void* buffer, const char* which) {
  if (!buffer) return refuse(call, fmt::format("{} is NULL", which));
  const size_t alignment = alignmentOf(call.signature.type);
  if (reinterpret_cast<uintptr_t>(buffer) % alignment == 0) return {};
  return refuse(call, fmt::format("{} {} is not aligned to {} bytes of its type {}", which, buffer,
                                  alignment, name(call.signature.type)));
}

// Which buffers a rank has in a call, in elements.
struct Buffers {
  size_t send = 0, recv = 0;  // 0: not looked at
  bool hasInPlace = true;
  // In place, the send buffer begins this many elements into the receive buffer (or, negative, the
  // receive buffer in the send buffer).
  ptrdiff_t inPlaceAt = 0;
};

// Of a v-collective. The buffer that has all blocks ends with the last one.
Buffers buffersWithLengths(const Call& call, int rank) {
  size_t all = 0;
  for (const exec::ElementRange& block : call.blocks) {
    if (block.length > 0) all = std::max(all, block.end());
  }
  const exec::ElementRange& own = call.blocks[static_cast<size_t>(rank)];
  const auto place = static_cast<ptrdiff_t>(own.first);
  if (call.signature.collective == Collective::kAllGather) return {own.length, all, true, place};
  return {all, own.length, true, -place};
}

// `all`: a block for each rank.
Buffers buffersOf(const Call& call, int rank, size_t all) {
  if (!call.blocks.empty()) return buffersWithLengths(call, rank);
  const size_t count = call.signature.count;
  const bool root = rank == call.signature.root;
  const auto place = static_cast<ptrdiff_t>(count) * rank;
  switch (call.signature.collective) {
    case Collective::kAllReduce:
      return {count, count};
    case Collective::kBroadcast:
      return {root ? count : 0, count};
    case Collective::kReduce:
      return {count, root ? count : 0};
    case Collective::kAllGather:
      return {count, all, true, place};
    case Collective::kReduceScatter:
      return {all, count, true, -place};
    case Collective::kAllToAll:
      return {all, all, false};
    case Collective::kGather:
      return {count, root ? all : 0, true, place};
    case Collective::kScatter:
      return {root ? all : 0, count, true, -place};
    case Collective::kSend:
      return {count, 0};
    case Collective::kRecv:
      return {0, count};
    case Collective::kBarrier:
      break;
  }
  return {};
}

Status checkBuffers(const Call& call, const Buffers& buffers) {
  if (buffers.send != 0) INCCL_TRY(checkBuffer(call, call.send, "sendbuff"));
  if (buffers.recv != 0) INCCL_TRY(checkBuffer(call, call.recv, "recvbuff"));
  if (buffers.send == 0 || buffers.recv == 0) return {};
  const size_t bytes = sizeOf(call.signature.type);
  const auto send = reinterpret_cast<uintptr_t>(call.send);
  const auto recv = reinterpret_cast<uintptr_t>(call.recv);
  const bool apart = send + buffers.send * bytes <= recv || recv + buffers.recv * bytes <= send;
  const bool inPlace =
      buffers.hasInPlace && send - recv == static_cast<uintptr_t>(buffers.inPlaceAt) * bytes;
  if (apart || inPlace) return {};
  return refuse(call,
                fmt::format("sendbuff {} and recvbuff {} overlap and are not the in-place form",
                            call.send, call.recv));
}

// The larger buffer has room in memory, and the count in a number of bytes.
Status checkCount(const Call& call, size_t ranks) {
  const size_t most = std::numeric_limits<size_t>::max() / 2 / sizeOf(call.signature.type);
  const size_t count = call.signature.count;
  if (count > (call.blocks.empty() ? most / ranks : most))
    return refuse(call, fmt::format("count {} is more than memory can hold", count));
  for (const exec::ElementRange& block : call.blocks) {
    if (block.length > 0 && block.end() > most)
      return refuse(call, fmt::format("a block of {} elements at {} ends beyond memory",
                                      block.length, block.first));
  }
  return {};
}

Status checkAll(Call& call, const comm::Communicator& communicator) {
  const auto ranks = static_cast<size_t>(communicator.rankCount());
  INCCL_TRY(checkType(call));
  INCCL_TRY(checkCount(call, ranks));
  INCCL_TRY(communicator.validate(call));
  return checkBuffers(call, buffersOf(call, communicator.rank(), call.signature.count * ranks));
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
    call.switchWish = wanted.switchWish;
    if (call.switchWish != Call::SwitchWish::kUnsaid)
      call.agreement ^=
          static_cast<uint32_t>(mixHash(kSwitchWishHash, static_cast<uint64_t>(call.switchWish)));
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

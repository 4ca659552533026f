// Collectives with blocks of different lengths.
//
// All ranks know all lengths of an all-gather or a reduce-scatter, so it is one call like any other
// collective: its blocks are bound to places and lengths by a table, and its signature says them by
// a hash, so that ranks which disagree find out. Of an all-to-all each rank knows its own row and
// column only: there is no signature that all could agree on. It is a group of messages, and a
// difference between two ranks' opinions of one block is found by its message.
#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <vector>

#include "api/guard.h"
#include "api/submit.h"
#include "base/hash.h"
#include "comm/communicator.h"
#include "comm/group.h"

namespace {

using inccl::Collective;
using inccl::DataType;
using inccl::invalidArgument;
using inccl::OpSignature;
using inccl::RedOp;
using inccl::Status;
using inccl::api::guarded;
using inccl::comm::Call;
using inccl::exec::ElementRange;

struct Place {
  int rank = 0, rankCount = 0;
};

inccl::Result<Place> placeIn(incclComm_t comm, std::string_view function) {
  const auto communicator =
      inccl::comm::HandleTable::instance().enter(reinterpret_cast<inccl::comm::Handle>(comm));
  if (!communicator)
    return invalidArgument(
        fmt::format("{}: the communicator is NULL, destroyed or was never one", function));
  INCCL_TRY(communicator->usableHere());
  return Place{communicator->rank(), communicator->rankCount()};
}

// The calls of one all-to-all, a group that other groups may surround. All are checked before the
// first one counts: a call that is refused has done nothing.
class Parts {
 public:
  Parts(incclComm_t comm, incclStream_t stream, int type)
      : comm_(comm), stream_(stream), type_(static_cast<DataType>(type)) {}

  void send(int to, const void* buffer, size_t offset, size_t count) {
    Call call;
    if (buffer) call.send = static_cast<const std::byte*>(buffer) + offset * sizeOf(type_);
    add(Collective::kSend, to, count, call);
  }
  void recv(int from, void* buffer, size_t offset, size_t count) {
    Call call;
    if (buffer) call.recv = static_cast<std::byte*>(buffer) + offset * sizeOf(type_);
    add(Collective::kRecv, from, count, call);
  }
  Status run() {
    if (!first_.ok()) return first_;
    inccl::comm::groupStart();
    for (inccl::api::CheckedCall& call : calls_) {
      Status kept = inccl::api::submit(std::move(call));  // inside a group it only keeps the call
      if (first_.ok()) first_ = std::move(kept);
    }
    Status ended = inccl::comm::groupEnd();
    return first_.ok() ? ended : first_;
  }

 private:
  void add(Collective direction, int peer, size_t count, Call& call) {
    if (!first_.ok()) return;
    call.signature = {direction, type_, RedOp::kSum, peer, count};
    auto checked = inccl::api::check(call, comm_, stream_);
    if (checked.ok())
      calls_.push_back(std::move(checked).value());
    else
      first_ = std::move(checked).status();
  }

  incclComm_t comm_;
  incclStream_t stream_;
  DataType type_;
  std::vector<inccl::api::CheckedCall> calls_;
  Status first_;
};

// Elements of a buffer that a call touches, from its start.
struct Extent {
  const void* start = nullptr;
  size_t elements = 0;

  void include(size_t displacement, size_t count) {
    if (count > 0) elements = std::max(elements, displacement + count);
  }
};

Status checkApart(std::string_view function, DataType type, const Extent& send,
                  const Extent& recv) {
  const size_t bytes = sizeOf(type);
  const auto sendAt = reinterpret_cast<uintptr_t>(send.start);
  const auto recvAt = reinterpret_cast<uintptr_t>(recv.start);
  if (send.elements == 0 || recv.elements == 0) return {};
  if (sendAt + send.elements * bytes <= recvAt || recvAt + recv.elements * bytes <= sendAt)
    return {};
  return invalidArgument(
      fmt::format("{}: sendbuff {} and recvbuff {} overlap", function, send.start, recv.start));
}

Status missing(std::string_view function, std::string_view which) {
  return invalidArgument(fmt::format("{}: {} is NULL", function, which));
}

// The table of a call that is about to be submitted; this thread's until its next v-collective.
// `places` is NULL where blocks lie one after the other.
std::span<const ElementRange> tableOf(int rankCount, const size_t* counts, const size_t* places) {
  thread_local std::vector<ElementRange> table;
  table.resize(static_cast<size_t>(rankCount));
  uint64_t next = 0;
  for (size_t rank = 0; rank < table.size(); ++rank) {
    table[rank] = {places ? places[rank] : next, counts[rank]};
    next = table[rank].end();
  }
  return table;
}

// What the ranks agree on: places are each rank's own.
OpSignature signatureOf(Collective collective, DataType type, RedOp op,
                        std::span<const ElementRange> blocks) {
  uint64_t hash = blocks.size(), count = 0;
  for (const ElementRange& block : blocks) {
    hash = inccl::mixHash(hash, block.length);
    count = ElementRange{count, block.length}.end();
  }
  const auto lengths = static_cast<int32_t>(hash >> 32);
  return {collective, type, op, lengths == -1 ? 0 : lengths, count};
}

}  // namespace

incclResult_t incclAllToAllv(const void* sendbuff, const size_t sendcounts[],
                             const size_t sdispls[], void* recvbuff, const size_t recvcounts[],
                             const size_t rdispls[], incclDataType_t datatype, incclComm_t comm,
                             incclStream_t stream) {
  const int type = datatype;  // a number until it is checked
  return guarded([&]() -> Status {
    if (!sendcounts) return missing("all_to_all_v", "sendcounts");
    if (!sdispls) return missing("all_to_all_v", "sdispls");
    if (!recvcounts) return missing("all_to_all_v", "recvcounts");
    if (!rdispls) return missing("all_to_all_v", "rdispls");
    INCCL_TRY_ASSIGN(const Place place, placeIn(comm, "all_to_all_v"));
    if (sendcounts[place.rank] != recvcounts[place.rank])
      return invalidArgument(
          fmt::format("all_to_all_v: rank {} sends itself {} elements and expects {}", place.rank,
                      sendcounts[place.rank], recvcounts[place.rank]));
    Extent sent{sendbuff}, received{recvbuff};
    for (int rank = 0; rank < place.rankCount; ++rank) {
      sent.include(sdispls[rank], sendcounts[rank]);
      received.include(rdispls[rank], recvcounts[rank]);
    }
    INCCL_TRY(checkApart("all_to_all_v", static_cast<DataType>(type), sent, received));
    Parts parts(comm, stream, type);
    for (int distance = 0; distance < place.rankCount; ++distance) {
      const int to = (place.rank + distance) % place.rankCount;
      const int from = (place.rank + place.rankCount - distance) % place.rankCount;
      parts.send(to, sendbuff, sdispls[to], sendcounts[to]);
      parts.recv(from, recvbuff, rdispls[from], recvcounts[from]);
    }
    return parts.run();
  });
}

incclResult_t incclAllGatherv(const void* sendbuff, size_t sendcount, void* recvbuff,
                              const size_t recvcounts[], const size_t rdispls[],
                              incclDataType_t datatype, incclComm_t comm, incclStream_t stream) {
  const int type = datatype;  // a number until it is checked
  return guarded([&]() -> Status {
    if (!recvcounts) return missing("all_gather_v", "recvcounts");
    if (!rdispls) return missing("all_gather_v", "rdispls");
    INCCL_TRY_ASSIGN(const Place place, placeIn(comm, "all_gather_v"));
    if (sendcount != recvcounts[place.rank])
      return invalidArgument(
          fmt::format("all_gather_v: sendcount is {}, and recvcounts[{}] of this rank is {}",
                      sendcount, place.rank, recvcounts[place.rank]));
    Call call;
    call.send = sendbuff;
    call.recv = recvbuff;
    call.blocks = tableOf(place.rankCount, recvcounts, rdispls);
    call.signature =
        signatureOf(Collective::kAllGather, static_cast<DataType>(type), RedOp::kSum, call.blocks);
    return inccl::api::submit(call, comm, stream);
  });
}

incclResult_t incclReduceScatterv(const void* sendbuff, void* recvbuff, const size_t recvcounts[],
                                  incclDataType_t datatype, incclRedOp_t op, incclComm_t comm,
                                  incclStream_t stream) {
  const int type = datatype;  // a number until it is checked
  const auto operation = static_cast<RedOp>(op);
  return guarded([&]() -> Status {
    if (!recvcounts) return missing("reduce_scatter_v", "recvcounts");
    INCCL_TRY_ASSIGN(const Place place, placeIn(comm, "reduce_scatter_v"));
    Call call;
    call.send = sendbuff;
    call.recv = recvbuff;
    call.blocks = tableOf(place.rankCount, recvcounts, nullptr);
    call.signature = signatureOf(Collective::kReduceScatter, static_cast<DataType>(type), operation,
                                 call.blocks);
    return inccl::api::submit(call, comm, stream);
  });
}

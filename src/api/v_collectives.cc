// Collectives with blocks of different lengths: groups of simpler calls.
//
// Counts differ from rank to rank, so there is no one signature that all ranks could agree on. Each
// block is a call of its own instead (a message, a broadcast, a reduction), and a difference
// between two ranks' opinions of one block is found by that call.
#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "api/guard.h"
#include "api/submit.h"
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

// The calls of one v-collective, a group that other groups may surround. All are checked before the
// first one counts: a call that is refused has done nothing.
class Parts {
 public:
  Parts(incclComm_t comm, incclStream_t stream, int type, RedOp op = RedOp::kSum)
      : comm_(comm), stream_(stream), type_(static_cast<DataType>(type)), op_(op) {}

  void add(Collective collective, int root, const void* send, size_t sendOffset, void* recv,
           size_t recvOffset, size_t count) {
    if (!first_.ok()) return;
    Call call;
    call.signature = {collective, type_, op_, root, count};
    const size_t bytes = sizeOf(type_);
    if (send) call.send = static_cast<const std::byte*>(send) + sendOffset * bytes;
    if (recv) call.recv = static_cast<std::byte*>(recv) + recvOffset * bytes;
    auto checked = inccl::api::check(call, comm_, stream_);
    if (checked.ok())
      calls_.push_back(std::move(checked).value());
    else
      first_ = std::move(checked).status();
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
  incclComm_t comm_;
  incclStream_t stream_;
  DataType type_;
  RedOp op_;
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

// `ownPlace`: where the send buffer may lie in the receive buffer (or the other way round), in
// elements; SIZE_MAX: nowhere.
Status checkApart(std::string_view function, DataType type, const Extent& send, const Extent& recv,
                  size_t ownPlace) {
  const size_t bytes = sizeOf(type);
  const auto sendAt = reinterpret_cast<uintptr_t>(send.start);
  const auto recvAt = reinterpret_cast<uintptr_t>(recv.start);
  if (send.elements == 0 || recv.elements == 0) return {};
  if (sendAt + send.elements * bytes <= recvAt || recvAt + recv.elements * bytes <= sendAt)
    return {};
  const bool receivesMore = recv.elements >= send.elements;
  const uintptr_t outer = receivesMore ? recvAt : sendAt, inner = receivesMore ? sendAt : recvAt;
  if (ownPlace != SIZE_MAX && inner == outer + ownPlace * bytes) return {};
  return invalidArgument(
      fmt::format("{}: sendbuff {} and recvbuff {} overlap and are not the in-place form", function,
                  send.start, recv.start));
}

Status missing(std::string_view function, std::string_view which) {
  return invalidArgument(fmt::format("{}: {} is NULL", function, which));
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
    INCCL_TRY(checkApart("all_to_all_v", static_cast<DataType>(type), sent, received, SIZE_MAX));
    Parts parts(comm, stream, type);
    for (int distance = 0; distance < place.rankCount; ++distance) {
      const int to = (place.rank + distance) % place.rankCount;
      const int from = (place.rank + place.rankCount - distance) % place.rankCount;
      parts.add(Collective::kSend, to, sendbuff, sdispls[to], nullptr, 0, sendcounts[to]);
      parts.add(Collective::kRecv, from, nullptr, 0, recvbuff, rdispls[from], recvcounts[from]);
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
    Extent received{recvbuff};
    for (int rank = 0; rank < place.rankCount; ++rank)
      received.include(rdispls[rank], recvcounts[rank]);
    INCCL_TRY(checkApart("all_gather_v", static_cast<DataType>(type), {sendbuff, sendcount},
                         received, rdispls[place.rank]));
    Parts parts(comm, stream, type);
    for (int root = 0; root < place.rankCount; ++root)
      parts.add(Collective::kBroadcast, root, sendbuff, 0, recvbuff, rdispls[root],
                recvcounts[root]);
    return parts.run();
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
    size_t all = 0, before = 0;
    for (int rank = 0; rank < place.rankCount; ++rank) {
      if (rank < place.rank) before += recvcounts[rank];
      all += recvcounts[rank];
    }
    INCCL_TRY(checkApart("reduce_scatter_v", static_cast<DataType>(type), {sendbuff, all},
                         {recvbuff, recvcounts[place.rank]}, before));
    Parts parts(comm, stream, type, operation);
    size_t offset = 0;
    for (int root = 0; root < place.rankCount; ++root) {
      parts.add(Collective::kReduce, root, sendbuff, offset, recvbuff, 0, recvcounts[root]);
      offset += recvcounts[root];
    }
    return parts.run();
  });
}

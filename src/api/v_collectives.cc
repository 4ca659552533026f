// Collectives with blocks of different lengths: groups of simpler calls.
//
// Counts differ from rank to rank, so there is no one signature that all ranks could agree on. Each
// block is a call of its own instead (a message, a broadcast, a reduction), and a difference
// between two ranks' opinions of one block is found by that call.
#include <fmt/format.h>

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

// The calls of one v-collective, which other groups may surround. A call that is refused ends the
// collection: what was kept before still runs, as in any group.
class Parts {
 public:
  Parts(incclComm_t comm, incclStream_t stream, int type, RedOp op = RedOp::kSum)
      : comm_(comm), stream_(stream), type_(static_cast<DataType>(type)), op_(op) {
    inccl::comm::groupStart();
  }
  Parts(const Parts&) = delete;
  Parts& operator=(const Parts&) = delete;
  // For a path that never came to run().
  ~Parts() {
    if (!ended_) static_cast<void>(inccl::comm::groupEnd());
  }

  void add(Collective collective, int root, const void* send, size_t sendOffset, void* recv,
           size_t recvOffset, size_t count) {
    Call call;
    call.signature = {collective, type_, op_, root, count};
    const size_t bytes = sizeOf(type_);
    if (send) call.send = static_cast<const std::byte*>(send) + sendOffset * bytes;
    if (recv) call.recv = static_cast<std::byte*>(recv) + recvOffset * bytes;
    Status status = inccl::api::submit(call, comm_, stream_);
    if (first_.ok()) first_ = std::move(status);
  }
  Status run() {
    ended_ = true;
    Status ended = inccl::comm::groupEnd();
    return first_.ok() ? ended : first_;
  }

 private:
  incclComm_t comm_;
  incclStream_t stream_;
  DataType type_;
  RedOp op_;
  Status first_;
  bool ended_ = false;
};

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
    Parts parts(comm, stream, type, operation);
    size_t offset = 0;
    for (int root = 0; root < place.rankCount; ++root) {
      parts.add(Collective::kReduce, root, sendbuff, offset, recvbuff, 0, recvcounts[root]);
      offset += recvcounts[root];
    }
    return parts.run();
  });
}

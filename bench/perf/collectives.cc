// Shapes and formulas per collective, and the dispatch to the library.
#include "perf/collectives.h"

#include <algorithm>
#include <array>

namespace inccl::perf {
namespace {

constexpr std::array<CollectiveTraits, 10> kCollectives{{
    {Collective::kAllReduce, "all_reduce", true, false, true, true},
    {Collective::kBroadcast, "broadcast", false, true, true, true},
    {Collective::kAllGather, "all_gather", false, false, true, true},
    {Collective::kReduce, "reduce", true, true, true, true},
    {Collective::kReduceScatter, "reduce_scatter", true, false, true, false},
    {Collective::kAllToAll, "alltoall", false, false, true, false},
    {Collective::kGather, "gather", false, true, true, false},
    {Collective::kScatter, "scatter", false, true, true, false},
    {Collective::kSendRecv, "sendrecv", false, false, true, false},
    {Collective::kBarrier, "barrier", false, false, false, false},
}};

constexpr std::array<std::string_view, 2> kPlanned{"alltoallv", "hypercube"};

// nccl-tests rounds the share of a rank down to 16 bytes, so that shares stay aligned.
constexpr size_t kShareBytes = 16;

size_t shareOf(size_t elements, size_t elementBytes, int ranks) {
  const size_t step = std::max<size_t>(1, kShareBytes / elementBytes);
  return elements / static_cast<size_t>(ranks) / step * step;
}

incclResult_t ringShift(const CallArguments& a) {
  const int next = (a.rank + 1) % a.ranks;
  const int previous = (a.rank + a.ranks - 1) % a.ranks;
  if (const incclResult_t started = incclGroupStart(); started != incclSuccess) return started;
  const incclResult_t sent = incclSend(a.send, a.count, a.type, next, a.comm, nullptr);
  const incclResult_t received = incclRecv(a.recv, a.count, a.type, previous, a.comm, nullptr);
  const incclResult_t ended = incclGroupEnd();
  if (sent != incclSuccess) return sent;
  return received != incclSuccess ? received : ended;
}

}  // namespace

std::span<const CollectiveTraits> collectives() { return kCollectives; }

const CollectiveTraits* findCollective(std::string_view name) {
  const auto at = std::find_if(kCollectives.begin(), kCollectives.end(),
                               [&](const CollectiveTraits& row) { return name == row.name; });
  return at == kCollectives.end() ? nullptr : &*at;
}

bool isPlannedCollective(std::string_view name) {
  return std::find(kPlanned.begin(), kPlanned.end(), name) != kPlanned.end();
}

std::string_view plannedCollectives() { return "alltoallv hypercube"; }

Shape shapeOf(Collective collective, size_t bytes, size_t elementBytes, int ranks) {
  const size_t elements = bytes / elementBytes;
  const size_t share = shareOf(elements, elementBytes, ranks);
  const size_t all = share * static_cast<size_t>(ranks);
  switch (collective) {
    case Collective::kAllReduce:
    case Collective::kBroadcast:
    case Collective::kReduce:
    case Collective::kSendRecv:
      return {elements, elements, elements};
    case Collective::kAllGather:
    case Collective::kGather:
      return {share, share, all};
    case Collective::kReduceScatter:
    case Collective::kScatter:
      return {share, all, share};
    case Collective::kAllToAll:
      return {share, all, all};
    case Collective::kBarrier:
      return {};
  }
  return {};
}

size_t reportedBytes(const Shape& shape, size_t elementBytes) {
  return std::max(shape.sendElements, shape.recvElements) * elementBytes;
}

size_t inPlaceOffset(Collective collective, const Shape& shape, int rank) {
  return collective == Collective::kAllGather ? shape.count * static_cast<size_t>(rank) : 0;
}

Bandwidth bandwidthOf(Collective collective, size_t reportedBytes, int ranks, double seconds) {
  if (seconds <= 0) return {};
  const double algGBps = static_cast<double>(reportedBytes) / 1e9 / seconds;
  const double others = ranks - 1;
  switch (collective) {
    case Collective::kAllReduce:
      return {algGBps, algGBps * 2 * others / ranks};
    case Collective::kAllGather:
    case Collective::kReduceScatter:
    case Collective::kAllToAll:
    case Collective::kGather:
    case Collective::kScatter:
      return {algGBps, algGBps * others / ranks};
    case Collective::kReduce:
    case Collective::kBroadcast:
    case Collective::kSendRecv:
      return {algGBps, algGBps};
    case Collective::kBarrier:
      return {};
  }
  return {};
}

incclResult_t call(const CallArguments& a) {
  switch (a.collective) {
    case Collective::kAllReduce:
      return incclAllReduce(a.send, a.recv, a.count, a.type, a.op, a.comm, nullptr);
    case Collective::kBroadcast:
      return incclBroadcast(a.send, a.recv, a.count, a.type, a.root, a.comm, nullptr);
    case Collective::kAllGather:
      return incclAllGather(a.send, a.recv, a.count, a.type, a.comm, nullptr);
    case Collective::kReduce:
      return incclReduce(a.send, a.recv, a.count, a.type, a.op, a.root, a.comm, nullptr);
    case Collective::kReduceScatter:
      return incclReduceScatter(a.send, a.recv, a.count, a.type, a.op, a.comm, nullptr);
    case Collective::kAllToAll:
      return incclAlltoAll(a.send, a.recv, a.count, a.type, a.comm, nullptr);
    case Collective::kGather:
      return incclGather(a.send, a.recv, a.count, a.type, a.root, a.comm, nullptr);
    case Collective::kScatter:
      return incclScatter(a.send, a.recv, a.count, a.type, a.root, a.comm, nullptr);
    case Collective::kSendRecv:
      return ringShift(a);
    case Collective::kBarrier:
      return incclBarrier(a.comm, nullptr);
  }
  return incclInvalidArgument;
}

}  // namespace inccl::perf

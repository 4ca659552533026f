// Shapes and formulas per collective, and the dispatch to the library.
#include "perf/collectives.h"

#include <algorithm>
#include <array>
#include <string>

namespace inccl::perf {
namespace {

constexpr std::array<CollectiveTraits, 11> kCollectives{{
    {Collective::kAllReduce, "all_reduce", true, false, true, true, true},
    {Collective::kAllGather, "all_gather", false, false, true, true, true},
    {Collective::kBroadcast, "broadcast", false, true, true, true, true},
    {Collective::kReduceScatter, "reduce_scatter", true, false, true, true, false},
    {Collective::kReduce, "reduce", true, true, true, true, false},
    {Collective::kAllToAll, "alltoall", false, false, true, false, false},
    {Collective::kAllToAllv, "alltoallv", false, false, true, false, false},
    {Collective::kGather, "gather", false, true, true, true, false},
    {Collective::kScatter, "scatter", false, true, true, true, false},
    {Collective::kSendRecv, "sendrecv", false, false, true, false, false},
    {Collective::kBarrier, "barrier", false, false, false, false, false},
}};

// nccl-tests rounds the share of a rank down to 16 bytes, so that shares stay aligned.
constexpr size_t kShareBytes = 16;

size_t wholeShares(size_t elements, size_t elementBytes) {
  const size_t step = std::max<size_t>(1, kShareBytes / elementBytes);
  return elements / step * step;
}

// A blend of equal blocks and of blocks in proportion to the distance; every rank sends and
// receives as much as every other.
Shape spreadShape(size_t share, size_t elementBytes, int ranks, double spread) {
  Shape shape{share, 0, 0, {}};
  const double mean = static_cast<double>(share);
  for (int distance = 0; distance < ranks; ++distance) {
    const double weight = ranks == 1 ? 1 : 2.0 * distance / (ranks - 1);
    const double block = mean * ((1 - spread) + spread * weight);
    shape.byDistance.push_back(wholeShares(static_cast<size_t>(block), elementBytes));
    shape.sendElements += shape.byDistance.back();
  }
  shape.recvElements = shape.sendElements;
  return shape;
}

// Blocks one after the other, of the lengths that lengthOf(peer) says.
template <typename LengthOf>
std::vector<Block> consecutive(int ranks, LengthOf lengthOf) {
  std::vector<Block> blocks;
  size_t offset = 0;
  for (int peer = 0; peer < ranks; ++peer) {
    blocks.push_back({offset, lengthOf(peer)});
    offset += blocks.back().count;
  }
  return blocks;
}

std::vector<Block> blocksOf(const Shape& shape, size_t elements, int ranks) {
  const bool whole = elements == shape.count;
  return consecutive(whole ? 1 : ranks, [&](int) { return shape.count; });
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

std::string collectiveNames() {
  std::string names;
  for (const CollectiveTraits& row : kCollectives)
    names += (names.empty() ? "" : " ") + std::string(row.name);
  return names;
}

Shape shapeOf(Collective collective, size_t bytes, size_t elementBytes, int ranks, double spread) {
  const size_t elements = bytes / elementBytes;
  const size_t share = wholeShares(elements / static_cast<size_t>(ranks), elementBytes);
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
    case Collective::kAllToAllv:
      return spreadShape(share, elementBytes, ranks, spread);
    case Collective::kBarrier:
      return {};
  }
  return {};
}

size_t reportedBytes(const Shape& shape, size_t elementBytes) {
  return std::max(shape.sendElements, shape.recvElements) * elementBytes;
}

std::vector<Block> sendBlocks(const Shape& shape, int rank, int ranks) {
  if (shape.byDistance.empty()) return blocksOf(shape, shape.sendElements, ranks);
  return consecutive(ranks, [&](int to) {
    return shape.byDistance[static_cast<size_t>((to - rank + ranks) % ranks)];
  });
}

std::vector<Block> recvBlocks(const Shape& shape, int rank, int ranks) {
  if (shape.byDistance.empty()) return blocksOf(shape, shape.recvElements, ranks);
  return consecutive(ranks, [&](int from) {
    return shape.byDistance[static_cast<size_t>((rank - from + ranks) % ranks)];
  });
}

size_t inPlaceOffset(Collective collective, const Shape& shape, int rank) {
  switch (collective) {
    case Collective::kAllGather:
    case Collective::kGather:
    case Collective::kReduceScatter:
    case Collective::kScatter:
      return shape.count * static_cast<size_t>(rank);
    case Collective::kAllReduce:
    case Collective::kBroadcast:
    case Collective::kReduce:
    case Collective::kSendRecv:
    case Collective::kAllToAll:
    case Collective::kAllToAllv:
    case Collective::kBarrier:
      return 0;
  }
  return 0;
}

BlockArrays blockArraysOf(const Shape& shape, int rank, int ranks) {
  BlockArrays arrays;
  for (const Block& block : sendBlocks(shape, rank, ranks)) {
    arrays.sendCounts.push_back(block.count);
    arrays.sendOffsets.push_back(block.offset);
  }
  for (const Block& block : recvBlocks(shape, rank, ranks)) {
    arrays.recvCounts.push_back(block.count);
    arrays.recvOffsets.push_back(block.offset);
  }
  return arrays;
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
    case Collective::kAllToAllv:
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
    case Collective::kAllToAllv:
      return incclAllToAllv(a.send, a.blocks->sendCounts.data(), a.blocks->sendOffsets.data(),
                            a.recv, a.blocks->recvCounts.data(), a.blocks->recvOffsets.data(),
                            a.type, a.comm, nullptr);
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

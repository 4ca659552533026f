// What each collective's buffers hold before and after.
#include "perf/checked_call.h"

#include <fmt/format.h>

#include <cstring>

#include "perf/mix.h"
#include "perf/test_values.h"

namespace inccl::perf {
namespace {

DataTable sentBy(const Case& c, int rank, int ranks, uint64_t seed) {
  const DataKey key{seed, c.type, c.shape.count};
  return c.collective.reduces ? contribution(key, c.op.id, rank, ranks) : movedData(key, rank);
}

std::byte poisonOf(uint64_t seed) { return static_cast<std::byte>(mix(seed) & 0xff); }

// Whether this rank's send buffer is read at all: only the root's in a broadcast.
bool sends(const Case& c, int rank) { return !c.collective.rooted || rank == c.root; }

DataTable::Mismatches compareGathered(const DataKey& key, int ranks, const Span& recv) {
  DataTable::Mismatches all;
  for (int rank = 0; rank < ranks; ++rank) {
    const size_t start = static_cast<size_t>(rank) * key.count;
    const DataTable::Mismatches found =
        movedData(key, rank).compare(recv.data + start * key.type.bytes, key.count);
    if (all.count == 0) all.first = start + found.first;
    all.count += found.count;
  }
  return all;
}

DataTable::Mismatches compareResult(const Case& c, const RankPlace& place, const Span& recv,
                                    uint64_t seed) {
  const size_t count = c.shape.count;
  const DataKey key{seed, c.type, count};
  switch (c.collective.id) {
    case Collective::kAllReduce:
      return reduction(key, c.op.id, place.ranks).compare(recv.data, count);
    case Collective::kBroadcast:
      return movedData(key, c.root).compare(recv.data, count);
    case Collective::kSendRecv:
      return movedData(key, (place.rank + place.ranks - 1) % place.ranks).compare(recv.data, count);
    case Collective::kAllGather:
      return compareGathered(key, place.ranks, recv);
    case Collective::kBarrier:
      return {};
  }
  return {};
}

// A send buffer that is not read keeps its poison; counted in bytes.
size_t countPoisonLost(const Span& span, std::byte poison) {
  size_t lost = 0;
  for (size_t i = 0; i < span.bytes; ++i) lost += span.data[i] != poison;
  return lost;
}

}  // namespace

void prepareData(const Case& c, const RankPlace& place, const CallBuffers& buffers, uint64_t seed) {
  const std::byte poison = poisonOf(seed);
  std::memset(buffers.recv.data, static_cast<int>(poison), buffers.recv.bytes);
  writeGuards(buffers.recv);
  if (!buffers.inPlace) {
    std::memset(buffers.send.data, static_cast<int>(poison), buffers.send.bytes);
    writeGuards(buffers.send);
  }
  if (sends(c, place.rank))
    sentBy(c, place.rank, place.ranks, seed).fill(buffers.send.data, c.shape.sendElements);
}

WrongData findWrongData(const Case& c, const RankPlace& place, const CallBuffers& buffers,
                        uint64_t seed) {
  WrongData wrong;
  const auto add = [&](size_t count, const std::string& what) {
    if (count == 0) return;
    wrong.elements += static_cast<int64_t>(count);
    wrong.what += fmt::format("{}{} {}", wrong.what.empty() ? "" : ", ", count, what);
  };
  const DataTable::Mismatches result = compareResult(c, place, buffers.recv, seed);
  add(result.count, fmt::format("wrong elements in the result, the first at {}", result.first));
  add(countBrokenGuards(buffers.recv), "bytes overwritten around the receive buffer");
  if (buffers.inPlace) return wrong;
  add(countBrokenGuards(buffers.send), "bytes overwritten around the send buffer");
  const size_t changed = sends(c, place.rank)
                             ? sentBy(c, place.rank, place.ranks, seed)
                                   .compare(buffers.send.data, c.shape.sendElements)
                                   .count
                             : countPoisonLost(buffers.send, poisonOf(seed));
  add(changed, "elements of the send buffer changed");
  return wrong;
}

}  // namespace inccl::perf
